package tokenizer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The names of transformers' classes, without the ending Fast that version 4 gave them.
const (
	t5Class      = "T5Tokenizer"
	byT5Class    = "ByT5Tokenizer"
	backendClass = "TokenizersBackend" // does what tokenizer.json says
)

// settings is what the JSON files of a folder say about its tokenizer.
type settings struct {
	class    string // t5Class, byT5Class, backendClass, or "" for another one or none
	extraIDs *int
	rules    string      // t5train_rules
	added    []fastToken // by id: added_tokens_decoder, or else added_tokens.json

	className  string // as it is written
	hasDecoder bool   // added_tokens_decoder is there
	cleanUp    bool
	special    specialSettings
}

// otherClass tells whether the folder names the class of another family, which reads the files in its own way.
func (s settings) otherClass() bool {
	families := []string{"Llama", "Roberta", "XLMRoberta", "Bert", "GPT2", "Albert", "Bart", "MBart", "XLNet",
		"Camembert", "Deberta", "Gemma", "Qwen"}
	return slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(s.className, f) })
}

// isT5 tells whether transformers reads the folder as its T5 tokenizer, whatever the vocabulary.
func (s settings) isT5() bool { return s.class == t5Class }

func readSettings(folder string) (settings, error) {
	var c struct {
		Class    string                     `json:"tokenizer_class"`
		ExtraIDs *int                       `json:"extra_ids"`
		Added    map[string]json.RawMessage `json:"added_tokens_decoder"`
		CleanUp  bool                       `json:"clean_up_tokenization_spaces"`
		Split    bool                       `json:"split_special_tokens"`
		// Rules is an addition of this project: transformers keeps it and does not use it.
		Rules string `json:"t5train_rules"`
	}
	var m struct {
		Class     string `json:"tokenizer_class"`
		ModelType string `json:"model_type"`
	}
	var added map[string]int32 // of versions before 4.34
	if err := errors.Join(readJSON(folder, configFile, &c), readJSON(folder, "config.json", &m),
		readJSON(folder, addedFile, &added)); err != nil {
		return settings{}, err
	}
	switch c.Rules {
	case "", Transformers.String(), SentencePiece.String():
	default:
		return settings{}, fmt.Errorf("%s: t5train_rules is %q: want %q or %q", configFile, c.Rules, Transformers,
			SentencePiece)
	}
	if c.Split {
		return settings{}, fmt.Errorf("%s: split_special_tokens is true, which is not supported: set it to false",
			configFile)
	}
	s := settings{
		class: classOf(c.Class, m.Class, m.ModelType), className: cmp.Or(c.Class,
			m.Class), extraIDs: c.ExtraIDs, rules: c.Rules, hasDecoder: c.Added != nil,
		cleanUp: c.CleanUp,
	}
	config, specialMap, err := readSpecialFiles(folder, s.hasDecoder)
	if err == nil {
		s.special, err = readSpecial(config, specialMap)
	}
	if err != nil {
		return settings{}, err
	}
	for key, raw := range c.Added {
		id, err := strconv.ParseInt(key, 10, 32)
		if err != nil || id < 0 {
			return settings{}, fmt.Errorf("%s: added_tokens_decoder has the key %q: want an id", configFile, key)
		}
		token, err := parseToken(raw, false)
		if err != nil || raw[0] != '{' {
			return settings{}, fmt.Errorf("%s: added_tokens_decoder has %.60s: want an object with content", configFile,
				raw)
		}
		token.ID = int32(id)
		s.added = append(s.added, token)
	}
	if c.Added == nil {
		for content, id := range added {
			special := s.special.has(content)
			s.added = append(s.added, fastToken{ID: id, Content: content, Special: special, Normalized: !special})
		}
	}
	slices.SortFunc(s.added, func(a, b fastToken) int { return int(a.ID) - int(b.ID) })
	return s, nil
}

// classOf follows AutoTokenizer of transformers 5: the class that the files name, or the one of the model type. UMT5
// has none of its own.
func classOf(tokenizerConfig, config, modelType string) string {
	name := tokenizerConfig
	if name == "" {
		name = config
	}
	switch strings.TrimSuffix(name, "Fast") {
	case byT5Class:
		return byT5Class
	case t5Class, "MT5Tokenizer":
		if modelType == "umt5" {
			return backendClass
		}
		return t5Class
	case backendClass, "PreTrainedTokenizer":
		return backendClass
	case "":
		switch modelType {
		case "t5", "mt5":
			return t5Class
		case "umt5":
			return backendClass
		}
	}
	return ""
}

// lateTokens returns the tokens that the settings add behind the first n ids.
func (s settings) lateTokens(n int) ([]lateToken, error) { return lateTokens(s.added, n) }

// lateTokens picks the tokens of ids from n on, which must follow each other.
func lateTokens(sorted []fastToken, n int) ([]lateToken, error) {
	var late []lateToken
	for _, a := range sorted {
		if int(a.ID) < n {
			continue
		}
		if want := n + len(late); int(a.ID) != want {
			return nil, fmt.Errorf("added token %q has id %d, want %d: ids must follow each other, so save the "+
				"tokenizer again with transformers", a.Content, a.ID, want)
		}
		l := lateToken{piece{text: a.Content, kind: UserPiece},
			addedToken{lstrip: a.LStrip, rstrip: a.RStrip, normalized: a.Normalized, special: a.Special}}
		if a.Special {
			l.kind = ControlPiece
		}
		if err := a.check(); err != nil {
			return nil, err
		}
		late = append(late, l)
	}
	return late, nil
}

// readSpecialFiles returns tokenizer_config.json and special_tokens_map.json, which counts only where the other one
// lists no added tokens; nil for a file that is not there.
func readSpecialFiles(folder string, hasDecoder bool) (config, specialMap []byte, err error) {
	config, err = readFile(filepath.Join(folder, configFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) || hasDecoder {
		return config, nil, err
	}
	specialMap, err = readFile(filepath.Join(folder, specialMapFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return config, specialMap, err
}

// readJSON reads a JSON file of the folder; without one, to stays as it is.
func readJSON(folder, name string, to any) error {
	raw, err := readFile(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return fmt.Errorf("%s: no valid JSON, or a value of the wrong type: %w", name, err)
	}
	return nil
}
