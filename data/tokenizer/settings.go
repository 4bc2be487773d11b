package tokenizer

import (
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
	added    []fastToken // by id
}

// isT5 tells whether transformers reads the folder as its T5 tokenizer, whatever the vocabulary.
func (s settings) isT5() bool { return s.class == t5Class }

func readSettings(folder string) (settings, error) {
	var c struct {
		Class    string               `json:"tokenizer_class"`
		ExtraIDs *int                 `json:"extra_ids"`
		Added    map[string]fastToken `json:"added_tokens_decoder"`
		// Rules is an addition of this project: transformers keeps it and does not use it.
		Rules string `json:"t5train_rules"`
	}
	var m struct {
		Class     string `json:"tokenizer_class"`
		ModelType string `json:"model_type"`
	}
	var added map[string]int32 // of versions before 4.34
	if err := errors.Join(readJSON(folder, configFile, &c), readJSON(folder, "config.json", &m), readJSON(folder, addedFile, &added)); err != nil {
		return settings{}, err
	}
	switch c.Rules {
	case "", Transformers.String(), SentencePiece.String():
	default:
		return settings{}, fmt.Errorf("%s: t5train_rules is %q: want %q or %q", configFile, c.Rules, Transformers, SentencePiece)
	}
	s := settings{class: classOf(c.Class, m.Class, m.ModelType), extraIDs: c.ExtraIDs, rules: c.Rules}
	for key, token := range c.Added {
		id, err := strconv.ParseInt(key, 10, 32)
		if err != nil || id < 0 {
			return settings{}, fmt.Errorf("%s: added_tokens_decoder has the key %q: want an id", configFile, key)
		}
		token.ID = int32(id)
		s.added = append(s.added, token)
	}
	if c.Added == nil {
		for content, id := range added {
			s.added = append(s.added, fastToken{ID: id, Content: content})
		}
	}
	slices.SortFunc(s.added, func(a, b fastToken) int { return int(a.ID) - int(b.ID) })
	return s, nil
}

// classOf follows AutoTokenizer of transformers 5: the class that the files name, or the one of the model type. UMT5 has
// none of its own.
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
			return nil, fmt.Errorf("added token %q has id %d, want %d: ids must follow each other, so save the tokenizer again with transformers", a.Content, a.ID, want)
		}
		l := lateToken{piece{text: a.Content, kind: UserPiece}, addedToken{lstrip: a.LStrip, rstrip: a.RStrip, normalized: a.Normalized}}
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
