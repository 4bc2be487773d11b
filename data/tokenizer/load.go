package tokenizer

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"t5train/internal/atomicfile"
	"t5train/internal/bounded"
	"t5train/internal/lfs"
)

// The names that transformers gives a tokenizer's files.
const (
	ModelFile  = "spiece.model"
	configFile = "tokenizer_config.json"
	addedFile  = "added_tokens.json" // of transformers before 4.34
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
		return nil, cause(err)
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
	case s.class == byT5Class:
		return s.loadByT5()
	}
	model, fast := filepath.Join(folder, ModelFile), filepath.Join(folder, fastFile)
	hasModel, hasFast := isFile(model), isFile(fast)
	switch {
	case hasModel && (s.rules == SentencePiece.String() || !hasFast): // the model file knows more about these rules
		return s.loadModel(model)
	case hasFast:
		t, err := s.loadFast(fast)
		if err != nil && hasModel {
			return nil, fmt.Errorf("%s: %w: or remove the file, so that %s is read", fastFile, err, ModelFile)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fastFile, err)
		}
		if hasModel {
			t.raw, err = readFile(model) // to be handed on
		}
		return t, err
	}
	return nil, s.otherFamily(folder)
}

// otherFamily is the error for a folder without the files of T5's family. It names those of another one.
func (s settings) otherFamily(folder string) error {
	class := ""
	if s.className != "" {
		class = ", " + s.className
	}
	for _, other := range [...]struct{ file, what string }{
		{"merges.txt", "a byte-level BPE vocabulary (vocab.json and merges.txt, as in CodeT5"},
		{"vocab.json", "a vocabulary of another kind (vocab.json"},
		{"vocab.txt", "a WordPiece vocabulary (vocab.txt, as in BERT"},
		{"tokenizer.model", "a SentencePiece model of Llama's kind (tokenizer.model, as in Pile-T5"},
	} {
		if isFile(filepath.Join(folder, other.file)) {
			return fmt.Errorf("the folder holds %s%s), which t5train does not read: want %s or %s of T5, mT5, UMT5 "+
				"or the like; "+
				"convert with a tokenizer of such a kind gives the model another vocabulary", other.what, class, ModelFile, fastFile)
		}
	}
	return fmt.Errorf("the folder holds no %s and no %s: copy the files of the model it was made from", ModelFile,
		fastFile)
}

// loadModel reads a SentencePiece model file.
func (s settings) loadModel(path string) (*Tokenizer, error) {
	raw, err := readFile(path)
	if err != nil {
		return nil, err
	}
	m, err := parseModel(raw)
	if err != nil {
		return nil, err
	}
	o := Options{ExtraIDs: DefaultExtraIDs}
	if s.extraIDs != nil {
		o.ExtraIDs = *s.extraIDs
	}
	if m.holdsSentinels() {
		o.ExtraIDs = 0
	}
	if o.ExtraIDs < 0 || o.ExtraIDs > MaxExtraIDs {
		return nil, fmt.Errorf("extra_ids is %d: want 0 to %d (%s)", o.ExtraIDs, MaxExtraIDs, configFile)
	}
	if s.otherClass() {
		return nil, fmt.Errorf("tokenizer_class is %q, by which transformers does not read a vocabulary of T5: if it "+
			"is one, "+
			"set it to %q (%s)", s.className, t5Class, configFile)
	}
	if s.rules == SentencePiece.String() || !m.fitsTransformers() && !(s.isT5() && m.opensInTransformers()) {
		o.Rules = SentencePiece
		m.late, err = s.lateTokens(len(m.pieces) + o.ExtraIDs)
	} else {
		var list []tokenToAdd
		if list, err = s.tokensToAdd(nil, m.pieces, o.ExtraIDs); err == nil {
			err = m.add(list, o.ExtraIDs)
		}
	}
	if err != nil {
		return nil, err
	}
	m.cleanUp = s.cleanUp
	t, err := newTokenizer(m, o)
	if err != nil {
		return nil, err
	}
	t.raw = raw
	return t, nil
}

// loadFast reads a tokenizer.json.
func (s settings) loadFast(path string) (*Tokenizer, error) {
	raw, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return s.newFast(raw)
}

// loadByT5 follows ByT5Tokenizer: the tokens behind the bytes are those that the settings list, or as many sentinels as
// they say. Transformers itself writes both, the list and an extra_ids of 0.
func (s settings) loadByT5() (*Tokenizer, error) {
	n, rules := byT5ExtraIDs, Transformers
	if s.extraIDs != nil {
		n = *s.extraIDs
	}
	if n < 0 || n > MaxExtraIDs {
		return nil, fmt.Errorf("extra_ids is %d: want 0 to %d", n, MaxExtraIDs)
	}
	late, err := s.lateTokens(byT5Offset + 256)
	if err != nil {
		return nil, err
	}
	if len(late) > 0 {
		for n = 0; len(late) > 0 && late[0].text == Sentinel(n); n++ {
			late = late[1:]
		}
	}
	if s.rules == SentencePiece.String() {
		rules = SentencePiece
	}
	return newByT5(n, late, rules)
}

// readFile reads a file of a bounded size. Errors name the file, which may be one of several in a folder.
func readFile(path string) ([]byte, error) {
	raw, err := bounded.ReadFile(path)
	if err == nil {
		err = lfs.Check(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), cause(err))
	}
	return raw, nil
}

// isFile tells whether something of that name is there that is no folder.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// cause drops the path of a file error: the caller names it already.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
