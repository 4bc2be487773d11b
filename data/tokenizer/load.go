package tokenizer

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"t5train/data/tokenizer/internal/hf"
	"t5train/data/tokenizer/internal/spiece"
	"t5train/internal/atomicfile"
)

//go:embed t5/spiece.model
var t5Model string

// T5 returns the tokenizer of the original T5: 32,000 English, German, French and Romanian pieces and 100 sentinels.
func T5() (*Tokenizer, error) {
	return New([]byte(t5Model), Options{ExtraIDs: DefaultExtraIDs})
}

// Load reads the tokenizer of a checkpoint folder, a SentencePiece model file or a tokenizer.json, as transformers'
// AutoTokenizer does: in a folder, ByT5's if the configuration names it, else tokenizer.json, else spiece.model. A
// tokenizer_config.json beside the file gives the number of extra ids; without one they are 100, or none if the
// vocabulary holds sentinels of its own.
func Load(path string) (*Tokenizer, error) {
	t, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("load tokenizer %s: %w", path, err)
	}
	return t, nil
}

func load(path string) (*Tokenizer, error) {
	if err := atomicfile.Settle(path); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, hf.Cause(err)
	}
	folder := path
	if !info.IsDir() {
		folder = filepath.Dir(path)
	}
	s, err := readSettings(folder)
	if err != nil {
		return nil, err
	}
	switch {
	case !info.IsDir() && filepath.Ext(path) == ".json":
		return s.loadFast(path)
	case !info.IsDir():
		return s.loadModel(path)
	case s.Class == hf.ByT5Class:
		return s.loadByT5()
	}
	model, fast := filepath.Join(folder, ModelFile), filepath.Join(folder, hf.TokenizerFile)
	hasModel, hasFast := hf.IsFile(model), hf.IsFile(fast)
	switch {
	case hasModel && (s.rules == SentencePiece || !hasFast): // the model file knows more about these rules
		return s.loadModel(model)
	case hasFast:
		t, err := s.loadFast(fast)
		if err != nil && hasModel {
			return nil, fmt.Errorf("%s: %w: or remove the file, so that %s is read", hf.TokenizerFile, err, ModelFile)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", hf.TokenizerFile, err)
		}
		if hasModel {
			t.raw, err = hf.ReadFile(model) // to be handed on
		}
		return t, err
	}
	return nil, s.otherFamily(folder)
}

// settings is what the JSON files of a folder say about its tokenizer.
type settings struct {
	hf.Settings
	rules Rules
}

func readSettings(folder string) (settings, error) {
	read, err := hf.ReadSettings(folder)
	s := settings{Settings: read}
	switch {
	case err != nil:
		return s, err
	case read.Rules == SentencePiece.String():
		s.rules = SentencePiece
	case read.Rules != "" && read.Rules != Transformers.String():
		return s, fmt.Errorf("%s: t5train_rules is %q: want %q or %q", hf.ConfigFile, read.Rules, Transformers,
			SentencePiece)
	}
	return s, nil
}

// otherFamily is the error for a folder without the files of T5's family. It names those of another one.
func (s settings) otherFamily(folder string) error {
	class := ""
	if s.ClassName != "" {
		class = ", " + s.ClassName
	}
	for _, other := range [...]struct{ file, what string }{
		{"merges.txt", "a byte-level BPE vocabulary (vocab.json and merges.txt, as in CodeT5"},
		{"vocab.json", "a vocabulary of another kind (vocab.json"},
		{"vocab.txt", "a WordPiece vocabulary (vocab.txt, as in BERT"},
		{"tokenizer.model", "a SentencePiece model of Llama's kind (tokenizer.model, as in Pile-T5"},
	} {
		if hf.IsFile(filepath.Join(folder, other.file)) {
			return fmt.Errorf("the folder holds %s%s), which t5train does not read: want %s or %s of T5, mT5, UMT5 "+
				"or the like; convert with a tokenizer of such a kind gives the model another vocabulary", other.what,
				class, ModelFile, hf.TokenizerFile)
		}
	}
	return ErrNone
}

// ErrNone is the error of a folder that has no tokenizer, of T5's kind or another.
var ErrNone = errors.New("the folder holds no " + ModelFile + " and no " + hf.TokenizerFile +
	": copy the files of the model it was made from")

// loadModel reads a SentencePiece model file.
func (s settings) loadModel(path string) (*Tokenizer, error) {
	raw, err := hf.ReadFile(path)
	if err != nil {
		return nil, err
	}
	file, err := spiece.Parse(raw)
	if err != nil {
		return nil, err
	}
	m := &model{Model: file, cleanUp: s.CleanUp}
	o := Options{ExtraIDs: DefaultExtraIDs}
	if s.ExtraIDs != nil {
		o.ExtraIDs = *s.ExtraIDs
	}
	if m.holdsSentinels() {
		o.ExtraIDs = 0
	}
	if o.ExtraIDs < 0 || o.ExtraIDs > MaxExtraIDs {
		return nil, fmt.Errorf("extra_ids is %d: want 0 to %d (%s)", o.ExtraIDs, MaxExtraIDs, hf.ConfigFile)
	}
	if s.OtherClass() {
		return nil, fmt.Errorf("tokenizer_class is %q, by which transformers does not read a vocabulary of T5: if it "+
			"is one, set it to %q (%s)", s.ClassName, hf.T5Class, hf.ConfigFile)
	}
	if s.rules == SentencePiece || !m.fitsTransformers() && !(s.IsT5() && m.opensInTransformers()) {
		o.Rules = SentencePiece
		m.late, err = s.LateTokens(len(m.Pieces) + o.ExtraIDs)
	} else {
		m.added, m.late, err = s.AddedTokens(nil, m.Pieces, o.ExtraIDs)
	}
	if err != nil {
		return nil, err
	}
	t, err := newTokenizer(m, o)
	if err != nil {
		return nil, err
	}
	t.raw = raw
	return t, nil
}

// loadFast reads a tokenizer.json.
func (s settings) loadFast(path string) (*Tokenizer, error) {
	raw, err := hf.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return s.newFast(raw)
}

// loadByT5 follows ByT5Tokenizer: the tokens behind the bytes are those that the settings list, or as many sentinels as
// they say. Transformers itself writes both, the list and an extra_ids of 0.
func (s settings) loadByT5() (*Tokenizer, error) {
	n := byT5ExtraIDs
	if s.ExtraIDs != nil {
		n = *s.ExtraIDs
	}
	if n < 0 || n > MaxExtraIDs {
		return nil, fmt.Errorf("extra_ids is %d: want 0 to %d", n, MaxExtraIDs)
	}
	late, err := s.LateTokens(byT5Offset + 256)
	if err != nil {
		return nil, err
	}
	if len(late) > 0 {
		for n = 0; len(late) > 0 && late[0].Content == Sentinel(n); n++ {
			late = late[1:]
		}
	}
	return newByT5(n, late, s.rules)
}
