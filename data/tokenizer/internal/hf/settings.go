package hf

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
	T5Class      = "T5Tokenizer"
	ByT5Class    = "ByT5Tokenizer"
	backendClass = "TokenizersBackend" // does what tokenizer.json says
)

// Settings is what the JSON files of a folder say about its tokenizer.
type Settings struct {
	Class     string // T5Class, ByT5Class, backendClass, or "" for another one or none
	ClassName string // as it is written
	ExtraIDs  *int
	Rules     string  // t5train_rules, which transformers keeps and does not use
	Added     []Token // by id: added_tokens_decoder, or else added_tokens.json
	CleanUp   bool    // clean_up_tokenization_spaces

	hasDecoder bool // added_tokens_decoder is there
	special    specialSettings
}

// OtherClass reports whether the folder names the class of another family, which reads the files in its own way.
func (s Settings) OtherClass() bool {
	families := []string{"Llama", "Roberta", "XLMRoberta", "Bert", "GPT2", "Albert", "Bart", "MBart", "XLNet",
		"Camembert", "Deberta", "Gemma", "Qwen"}
	return slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(s.ClassName, f) })
}

// IsT5 reports whether transformers reads the folder as its T5 tokenizer, whatever the vocabulary.
func (s Settings) IsT5() bool { return s.Class == T5Class }

// ReadSettings reads the settings of a folder, whose files may all be missing.
func ReadSettings(folder string) (Settings, error) {
	var c struct {
		Class    string                     `json:"tokenizer_class"`
		ExtraIDs *int                       `json:"extra_ids"`
		Added    map[string]json.RawMessage `json:"added_tokens_decoder"`
		CleanUp  bool                       `json:"clean_up_tokenization_spaces"`
		Split    bool                       `json:"split_special_tokens"`
		Rules    string                     `json:"t5train_rules"`
	}
	var m struct {
		Class     string `json:"tokenizer_class"`
		ModelType string `json:"model_type"`
	}
	var added map[string]int32 // of versions before 4.34
	if err := errors.Join(readJSON(folder, ConfigFile, &c), readJSON(folder, "config.json", &m),
		readJSON(folder, AddedFile, &added)); err != nil {
		return Settings{}, err
	}
	if c.Split {
		return Settings{}, fmt.Errorf("%s: split_special_tokens is true, which is not supported: set it to false",
			ConfigFile)
	}
	name := cmp.Or(c.Class, m.Class)
	s := Settings{Class: classOf(name, m.ModelType), ClassName: name, ExtraIDs: c.ExtraIDs, Rules: c.Rules,
		CleanUp: c.CleanUp, hasDecoder: c.Added != nil}
	config, specialMap, err := readSpecialFiles(folder, s.hasDecoder)
	if err == nil {
		s.special, err = readSpecial(config, specialMap)
	}
	if err != nil {
		return Settings{}, err
	}
	for key, raw := range c.Added {
		id, err := strconv.ParseInt(key, 10, 32)
		if err != nil || id < 0 {
			return Settings{}, fmt.Errorf("%s: added_tokens_decoder has the key %q: want an id", ConfigFile, key)
		}
		token, err := parseToken(raw, false)
		if err != nil || raw[0] != '{' {
			return Settings{}, fmt.Errorf("%s: added_tokens_decoder has %.60s: want an object with content", ConfigFile,
				raw)
		}
		token.ID = int32(id)
		s.Added = append(s.Added, token)
	}
	if c.Added == nil {
		for content, id := range added {
			special := s.special.has(content)
			s.Added = append(s.Added, Token{ID: id, Content: content, Special: special, Normalized: !special})
		}
	}
	slices.SortFunc(s.Added, func(a, b Token) int { return int(a.ID) - int(b.ID) })
	return s, nil
}

// classOf follows AutoTokenizer of transformers 5: the class that the files name, or the one of the model type. UMT5
// has none of its own.
func classOf(name, modelType string) string {
	switch strings.TrimSuffix(name, "Fast") {
	case ByT5Class:
		return ByT5Class
	case T5Class, "MT5Tokenizer":
		if modelType == "umt5" {
			return backendClass
		}
		return T5Class
	case backendClass, "PreTrainedTokenizer":
		return backendClass
	case "":
		switch modelType {
		case "t5", "mt5":
			return T5Class
		case "umt5":
			return backendClass
		}
	}
	return ""
}

// readSpecialFiles returns tokenizer_config.json and special_tokens_map.json, which counts only where the other one
// lists no added tokens; nil for a file that is not there.
func readSpecialFiles(folder string, hasDecoder bool) (config, specialMap []byte, err error) {
	config, err = ReadFile(filepath.Join(folder, ConfigFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) || hasDecoder {
		return config, nil, err
	}
	specialMap, err = ReadFile(filepath.Join(folder, SpecialMapFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return config, specialMap, err
}

// readJSON reads a JSON file of the folder; without one, to stays as it is.
func readJSON(folder, name string, to any) error {
	raw, err := ReadFile(filepath.Join(folder, name))
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
