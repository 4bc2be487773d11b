package tokenizer

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The names that transformers gives a tokenizer's files.
const (
	modelFile      = "spiece.model"
	configFile     = "tokenizer_config.json"
	specialMapFile = "special_tokens_map.json"
)

// maxModelSize is far above any vocabulary (mT5's is 4 MB): it stops a mistaken path to a weights file early.
const maxModelSize = 256 << 20

//go:embed t5/spiece.model
var t5Model string

// T5 returns the tokenizer of the original T5: 32,000 English, German, French and Romanian pieces and 100 sentinels.
func T5() (*Tokenizer, error) {
	return New([]byte(t5Model), Options{ExtraIDs: DefaultExtraIDs})
}

// Load reads a SentencePiece model file, or the spiece.model of a checkpoint folder. A tokenizer_config.json
// beside it gives the number of extra ids; without one they are 100, or none if the vocabulary holds sentinels of its own.
func Load(path string) (*Tokenizer, error) {
	t, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("load tokenizer %s: %w", path, err)
	}
	return t, nil
}

func load(path string) (*Tokenizer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, cause(err)
	}
	if info.IsDir() {
		folder := path
		path = filepath.Join(folder, modelFile)
		if info, err = os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("the folder holds no %s: copy the one of the model it was made from", modelFile)
		} else if err != nil {
			return nil, cause(err)
		}
	}
	if info.Size() > maxModelSize {
		return nil, fmt.Errorf("the file has %d MB, too much for a SentencePiece model", info.Size()>>20)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, cause(err)
	}
	options, err := readOptions(filepath.Join(filepath.Dir(path), configFile))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", configFile, err)
	}
	m, err := parseModel(raw)
	if err != nil {
		return nil, err
	}
	if m.holdsSentinels() {
		options.ExtraIDs = 0
	}
	return newTokenizer(raw, m, options)
}

// config is the part of tokenizer_config.json that changes ids.
type config struct {
	ExtraIDs *int `json:"extra_ids"`
	// Rules is an addition of this project: transformers keeps it and does not use it.
	Rules string `json:"t5train_rules"`
}

func readOptions(path string) (Options, error) {
	o := Options{ExtraIDs: DefaultExtraIDs}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	} else if err != nil {
		return o, cause(err)
	}
	var c config
	if err := json.Unmarshal(raw, &c); err != nil {
		return o, fmt.Errorf("no valid JSON, or a value of the wrong type: %w", err)
	}
	if c.ExtraIDs != nil {
		o.ExtraIDs = *c.ExtraIDs
	}
	switch c.Rules {
	case "", Transformers.String():
	case SentencePiece.String():
		o.Rules = SentencePiece
	default:
		return o, fmt.Errorf("t5train_rules is %q: want %q or %q", c.Rules, Transformers, SentencePiece)
	}
	return o, nil
}

// cause drops the path of a file error: the caller names it already.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
