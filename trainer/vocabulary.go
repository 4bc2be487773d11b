package trainer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"t5train/data/tokenizer"
	"t5train/data/tokenizer/vocabulary"
	"t5train/internal/durable"
)

// VocabularyOptions say what to train a vocabulary on, and where to put it.
type VocabularyOptions struct {
	Inputs    []string // PATH or PATH:COLUMN, where PATH is a file, a folder or a glob
	Output    string   // a folder, or spiece.model in one
	Overwrite bool     // replace the tokenizer that is there
	ExtraIDs  int      // sentinels behind the vocabulary
	Train     vocabulary.Options
	Console   *Console
}

// TrainVocabulary trains a vocabulary and writes the files of its tokenizer: all of them or, after an error, none. It returns
// their paths.
func TrainVocabulary(ctx context.Context, o VocabularyOptions) (paths []string, err error) {
	if err := o.Train.Check(); err != nil {
		return nil, fmt.Errorf("train tokenizer: %w", err)
	}
	if err := o.checkSentinels(); err != nil {
		return nil, err
	}
	dir, err := o.folder()
	if err != nil {
		return nil, err
	}
	if err := o.checkFolder(dir); err != nil {
		return nil, err
	}
	inputs, err := openCorpora(o.Inputs)
	if err != nil {
		return nil, err
	}
	s, err := newStage(dir)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", dir, durable.WithRemedy(err))
	}
	defer s.remove()
	files, err := o.train(ctx, inputs)
	if err != nil {
		return nil, err
	}
	if err := o.checkFolder(dir); err != nil { // again: training may have taken hours
		return nil, err
	}
	if paths, err = s.write(files); err != nil {
		return nil, fmt.Errorf("write %s: %w", dir, durable.WithRemedy(err))
	}
	return paths, nil
}

// train returns the files of the tokenizer.
func (o VocabularyOptions) train(ctx context.Context, inputs corpora) ([]tokenizer.File, error) {
	inputs.say(o.Console)
	phases := NewPhases(o.Console)
	defer phases.Stop()
	o.Train.Progress = phases.Progress
	o.Train.NoText = make([]string, o.ExtraIDs)
	for n := range o.Train.NoText {
		o.Train.NoText[n] = tokenizer.Sentinel(n)
	}
	result, err := vocabulary.Train(ctx, inputs.texts(phases.Progress), o.Train)
	if err != nil {
		return nil, err
	}
	phases.Stop()
	o.sayCorpus(result)
	tok, err := tokenizer.New(result.Model, tokenizer.Options{ExtraIDs: o.ExtraIDs})
	if err != nil {
		return nil, err
	}
	o.Console.Say("tokenizer: %s, %s pieces, with %d sentinels %s tokens", tok.Kind(), grouped(result.Pieces), o.ExtraIDs, grouped(tok.VocabSize()))
	if tok.Rules() == tokenizer.SentencePiece {
		o.Console.Say("note: BPE, byte fallback, user symbols and pieces over blanks are more than transformers' T5 tokenizer knows: t5train follows SentencePiece, " +
			"and tokenizer.json tells transformers how. Plain text gets the same ids there; <extra_id_0> in a word, a literal </s> and user symbols may get others")
	}
	return tok.Files()
}

func (o VocabularyOptions) checkSentinels() error {
	if o.ExtraIDs < 0 || o.ExtraIDs > tokenizer.MaxExtraIDs {
		return fmt.Errorf("train tokenizer: --extra-ids %d: want 0 to %d", o.ExtraIDs, tokenizer.MaxExtraIDs)
	}
	for _, s := range slices.Concat(o.Train.ControlSymbols, o.Train.UserSymbols) {
		if o.ExtraIDs > 0 && strings.HasPrefix(strings.TrimPrefix(s, "▁"), "<extra_id_") {
			return fmt.Errorf("train tokenizer: symbol %s would be there twice: leave it out, or say --extra-ids 0", s)
		}
	}
	return nil
}

// folder returns the folder of the output.
func (o VocabularyOptions) folder() (string, error) {
	dir := o.Output
	info, err := os.Stat(dir)
	switch {
	case filepath.Base(dir) == tokenizer.ModelFile:
		dir = filepath.Dir(dir)
	case filepath.Ext(dir) == ".model":
		return "", fmt.Errorf("write %s: transformers opens %s alone: name the file so, or name a folder", dir, tokenizer.ModelFile)
	case err == nil && !info.IsDir():
		return "", fmt.Errorf("write %s: it is a file: name a folder, or %s in one", dir, tokenizer.ModelFile)
	}
	return dir, nil
}

// checkFolder sees to it that no tokenizer is replaced unasked.
func (o VocabularyOptions) checkFolder(dir string) error {
	for _, name := range tokenizer.FileNames() {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return fmt.Errorf("write %s: %w", path, durable.WithRemedy(err))
		case info.IsDir():
			return fmt.Errorf("write %s: it is a folder: choose another --output", path)
		case !o.Overwrite:
			return fmt.Errorf("write %s: there is a tokenizer: choose another --output, or replace it with --overwrite", path)
		}
	}
	return nil
}

// stage is a folder in the folder of the output, in which its files are written before they get their places. Nobody else can
// have one there at the same time.
type stage struct {
	path    string
	dir     string   // of the output
	made    []string // folders that were not there before, the innermost first
	release func()
}

func newStage(dir string) (s *stage, err error) {
	s = &stage{dir: dir, release: func() {}}
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		s.made = append(s.made, at)
	}
	defer func() {
		if err != nil {
			s.remove()
		}
	}()
	if err = durable.MkdirAll(dir); err != nil {
		return s, err
	}
	release, err := durable.TryLock(filepath.Join(dir, ".tokenizer.t5train-lock"))
	if errors.Is(err, durable.ErrLocked) {
		return s, errors.New("another process trains a tokenizer there: wait for it, or choose another --output")
	}
	if err != nil {
		return s, err
	}
	s.release = release
	s.path, err = os.MkdirTemp(dir, ".t5train-*")
	return s, err
}

// write writes files and gives them their places when all are on the disk. The files of a tokenizer that is there make room, and
// come back if one of the new ones cannot be placed. Should the machine stop meanwhile, they are in the stage.
func (s *stage) write(files []tokenizer.File) (paths []string, err error) {
	for _, f := range files {
		if err := durable.ReplaceFile(filepath.Join(s.path, f.Name), f.Data); err != nil {
			return nil, err
		}
	}
	replaced := filepath.Join(s.path, "replaced")
	if err := os.Mkdir(replaced, 0o777); err != nil {
		return nil, err
	}
	type move struct{ from, to string }
	var done []move
	rename := func(from, to string) error {
		err := os.Rename(from, to)
		if err == nil {
			done = append(done, move{from, to})
		}
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		for _, m := range slices.Backward(done) {
			if back := os.Rename(m.to, m.from); back != nil {
				err = fmt.Errorf("%w; what was there is in %s: %w", err, replaced, back)
				s.path = "" // it stays
				return
			}
		}
	}()
	for _, name := range tokenizer.FileNames() {
		if err := rename(filepath.Join(s.dir, name), filepath.Join(replaced, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	for _, f := range files {
		path := filepath.Join(s.dir, f.Name)
		if err := rename(filepath.Join(s.path, f.Name), path); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, durable.SyncDir(s.dir)
}

// remove leaves nothing of what has no place.
func (s *stage) remove() {
	if s.path != "" {
		os.RemoveAll(s.path)
	}
	s.release()
	for _, dir := range s.made {
		os.Remove(dir) // if it is empty
	}
}

// sayCorpus tells what the vocabulary was trained on.
func (o VocabularyOptions) sayCorpus(r vocabulary.Result) {
	c := r.Corpus
	o.Console.Say("  %s lines, %s bytes of text, %s different %s, %s characters", grouped(int(c.Lines)), grouped(int(c.Bytes)),
		grouped(r.Units), o.Train.UnitName(), grouped(r.Chars))
	if c.TooLong > 0 {
		o.Console.Say("  %s lines of more than %d bytes are left out, %s bytes of text (--max-line-bytes)", grouped(int(c.TooLong)), o.Train.MaxLineBytes,
			grouped(int(c.TooLongBytes)))
	}
	if c.Reserved > 0 {
		o.Console.Say("  %s lines that hold ▅ (U+2585), which training uses itself, are left out", grouped(int(c.Reserved)))
	}
	if c.Invalid > 0 {
		o.Console.Say("  %s lines that are no UTF-8 are left out", grouped(int(c.Invalid)))
	}
	if c.Used < c.Usable {
		o.Console.Say("  %s of %s lines, drawn at random, are trained on", grouped(int(c.Used)), grouped(int(c.Usable)))
	}
	if len(r.LeftOut) > 0 {
		become := "become <unk>"
		if o.Train.ByteFallback {
			become = "become bytes"
		}
		o.Console.Say("  rare characters %s: %s (--character-coverage %g)", become, charactersText(r.LeftOut), o.Train.CharacterCoverage)
	}
}

// charactersText shows the first ones of characters with how often they are there. What is not printable is escaped.
func charactersText(all []vocabulary.Character) string {
	const most = 20
	total := int64(0)
	var shown []string
	for i, c := range all {
		total += c.Count
		if i < most {
			shown = append(shown, fmt.Sprintf("%q %d", string(c.Rune), c.Count))
		}
	}
	if len(all) > most {
		shown = append(shown, "...")
	}
	return fmt.Sprintf("%s, which the text has %s times, %s", grouped(len(all)), grouped(int(total)), strings.Join(shown, ", "))
}
