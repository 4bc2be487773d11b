package corpus

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
	"t5train/internal/atomicfile"
	"t5train/internal/ui"
)

// VocabularyOptions say what to train a vocabulary on, and where to put it.
type VocabularyOptions struct {
	Inputs    []string // PATH or PATH:COLUMN, where PATH is a file, a folder or a glob
	Output    string   // a folder, or spiece.model in one
	Overwrite bool     // replace the tokenizer that is there
	ExtraIDs  int      // sentinels behind the vocabulary
	Train     vocabulary.Options
	Sink      ui.Sink
}

// TrainVocabulary trains a vocabulary and writes the files of its tokenizer: all of them or, after an error, none. It
// returns their paths.
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
	inputs, err := openCorpora(ctx, o.Inputs)
	if err != nil {
		return nil, err
	}
	s, err := atomicfile.OpenStage(dir)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := o.checkFolder(dir, s.Recovered); err != nil {
		return nil, err
	}
	files, err := o.train(ctx, inputs)
	if err != nil {
		return nil, err
	}
	if err := o.checkFolder(dir, s.Recovered); err != nil { // again: training may have taken hours
		return nil, err
	}
	return publish(s, dir, files)
}

// train returns the files of the tokenizer.
func (o VocabularyOptions) train(ctx context.Context, inputs corpora) ([]tokenizer.File, error) {
	inputs.say(o.Sink)
	phases := ui.NewPhases(o.Sink)
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
	ui.Say(o.Sink, "tokenizer", "%s, %s pieces, with %d sentinels %s tokens", tok.Kind(), ui.Grouped(result.Pieces),
		o.ExtraIDs, ui.Grouped(tok.VocabSize()))
	if tok.Rules() == tokenizer.SentencePiece {
		ui.Say(o.Sink, "note", "BPE, byte fallback, user symbols and pieces that span spaces are more than "+
			"transformers' T5 tokenizer knows: t5train follows SentencePiece, and "+
			"tokenizer.json tells transformers how. Plain text gets the same ids there; <extra_id_0> in a word, "+
			"a literal </s> and user symbols may get others")
	}
	return tok.Files()
}

func (o VocabularyOptions) checkSentinels() error {
	if o.ExtraIDs < 0 || o.ExtraIDs > tokenizer.MaxExtraIDs {
		return fmt.Errorf("train tokenizer: vocabulary.extra_ids %d: want 0 to %d", o.ExtraIDs, tokenizer.MaxExtraIDs)
	}
	for _, s := range slices.Concat(o.Train.ControlSymbols, o.Train.UserSymbols) {
		if o.ExtraIDs > 0 && strings.HasPrefix(strings.TrimPrefix(s, "▁"), "<extra_id_") {
			return fmt.Errorf("train tokenizer: symbol %s would be there twice: leave it out, or say "+
				"vocabulary.extra_ids 0", s)
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
		return "", fmt.Errorf("write %s: transformers opens %s alone: name the file so, or name a folder", dir,
			tokenizer.ModelFile)
	case err == nil && !info.IsDir():
		return "", fmt.Errorf("write %s: it is a file: name a folder, or %s in one", dir, tokenizer.ModelFile)
	}
	return dir, nil
}

// checkFolder sees to it that no tokenizer is replaced unasked, but for files that a killed command has left to
// publish.
func (o VocabularyOptions) checkFolder(dir string, recovered []string) error {
	for _, name := range tokenizer.FileNames() {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return atomicfile.WriteError(path, err)
		case info.IsDir():
			return fmt.Errorf("write %s: it is a folder: choose another run.output", path)
		case !o.Overwrite && !slices.Contains(recovered, name):
			return fmt.Errorf("write %s: there is a tokenizer: choose another run.output, or replace it with "+
				"run.overwrite", path)
		}
	}
	return nil
}

// publish gives the files of a tokenizer their places, in place of those of the tokenizer that is there.
func publish(s *atomicfile.Stage, dir string, files []tokenizer.File) (paths []string, err error) {
	var names []string
	for _, f := range files {
		if err := atomicfile.ReplaceFile(s.Path(f.Name), f.Data); err != nil {
			return nil, atomicfile.WriteError(dir, err)
		}
		names, paths = append(names, f.Name), append(paths, filepath.Join(dir, f.Name))
	}
	return paths, s.Publish(names, tokenizer.FileNames())
}

// sayCorpus tells what the vocabulary was trained on.
func (o VocabularyOptions) sayCorpus(r vocabulary.Result) {
	c := r.Corpus
	ui.Detail(o.Sink, "", "%s lines, %s bytes of text, %s different %s, %s characters", ui.Grouped(int(c.Lines)),
		ui.Grouped(int(c.Bytes)),
		ui.Grouped(r.Units), o.Train.UnitName(), ui.Grouped(r.Chars))
	if c.TooLong > 0 {
		ui.Detail(o.Sink, "", "%s lines of more than %d bytes are left out, %s bytes of text "+
			"(vocabulary.max_line_bytes)", ui.Grouped(int(c.TooLong)), o.Train.MaxLineBytes,
			ui.Grouped(int(c.TooLongBytes)))
	}
	if c.Reserved > 0 {
		ui.Detail(o.Sink, "", "%s lines that hold ▅ (U+2585), which training uses itself, are left out",
			ui.Grouped(int(c.Reserved)))
	}
	if c.Invalid > 0 {
		ui.Detail(o.Sink, "", "%s lines that are no UTF-8 are left out", ui.Grouped(int(c.Invalid)))
	}
	if c.Used < c.Usable {
		ui.Detail(o.Sink, "", "%s of %s lines, drawn at random, are trained on", ui.Grouped(int(c.Used)),
			ui.Grouped(int(c.Usable)))
	}
	if len(r.LeftOut) > 0 {
		become := "become <unk>"
		if o.Train.ByteFallback {
			become = "become bytes"
		}
		ui.Detail(o.Sink, "", "rare characters %s: %s (vocabulary.character_coverage %g)", become,
			charactersText(r.LeftOut), o.Train.CharacterCoverage)
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
	return fmt.Sprintf("%s, which the text has %s times, %s", ui.Grouped(len(all)), ui.Grouped(int(total)),
		strings.Join(shown, ", "))
}
