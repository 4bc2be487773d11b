package trainer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"t5train/data/ingest"
	"t5train/data/parquetio"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/data/tokenizer/vocabulary"
	"t5train/internal/durable"
	"t5train/internal/glob"
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

// textFiles is text in one format.
type textFiles struct {
	name, column string
	set          *parquetio.Dataset // nil: files, or none
	files        []ingest.Input
	leftOut      []string // files beside them
	repeated     []string // files that were named before
}

type corpora []textFiles

// openCorpora finds the text that arguments name. A column of a file is text once, however often it is named.
func openCorpora(arguments []string) (corpora, error) {
	var all corpora
	seen := map[string]bool{}
	for _, argument := range arguments {
		path, column := splitColumn(argument)
		open := openFiles
		if isParquet(path) {
			open = openParquet
		}
		c, err := open(path, column)
		if err != nil {
			return nil, err
		}
		c.dropRepeated(seen)
		all = append(all, c)
	}
	return all, nil
}

// dropRepeated takes away the files whose column was seen before, under whatever path.
func (c *textFiles) dropRepeated(seen map[string]bool) {
	again := func(path string) bool {
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			real, err = filepath.Abs(real)
		}
		if err != nil {
			return false // reading it tells
		}
		key := real + "\x00" + c.column
		if seen[key] {
			c.repeated = append(c.repeated, path)
			return true
		}
		seen[key] = true
		return false
	}
	c.files = slices.DeleteFunc(c.files, func(in ingest.Input) bool { return again(in.Path) })
	if c.set != nil {
		if c.set = c.set.Without(again); len(c.set.Files()) == 0 {
			c.set = nil
		}
	}
}

func openParquet(path, column string) (c textFiles, err error) {
	c = textFiles{name: path, column: column}
	if c.set, err = parquetio.Open(path); err != nil {
		return c, err
	}
	if c.leftOut, err = beside(path); err != nil {
		return c, err
	}
	if column == "" {
		if c.column, _, err = task.InferText(c.set.Columns(), ""); err != nil && len(c.set.Columns()) > 0 {
			names := []string{}
			for _, column := range c.set.Columns() {
				names = append(names, column.Name)
			}
			return c, fmt.Errorf("%s: the text may be in any of its columns %s: name one, as in %s:%s", path, strings.Join(names, ", "), path, names[0])
		}
	}
	return c, c.set.CheckColumns([]string{c.column})
}

// beside returns the other files of a folder of parquet files, none for a path that is no folder.
func beside(path string) (names []string, err error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil, nil // a file or a glob
	}
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && !strings.HasPrefix(name, ".") && !strings.EqualFold(filepath.Ext(name), ".parquet") {
			names = append(names, filepath.Join(path, name))
		}
	}
	return names, err
}

// openFiles finds files that are not parquet. Those whose name does not tell a format, such as train.de, are text.
func openFiles(path, column string) (textFiles, error) {
	c := textFiles{name: path, column: cmp.Or(column, ingest.TextColumn)}
	paths, err := ingest.Expand(path)
	if err != nil {
		return c, err
	}
	for _, p := range paths {
		if isParquet(p) { // of a glob
			return c, fmt.Errorf("%s: it is parquet, among other files that %s names: give each kind an --input of its own", p, path)
		}
		g, err := ingest.Find(p, "")
		if errors.Is(err, ingest.ErrUnknownFormat) {
			g, err = ingest.Find(p, ingest.Text)
		}
		if err != nil {
			return c, err
		}
		for _, in := range g.Inputs {
			switch in.Format {
			case ingest.Classes:
				return c, fmt.Errorf("%s: the folder has folders in it: name the files, such as '%s'", p, filepath.Join(p, "*", "*"+filepath.Ext(in.Path)))
			case ingest.Documents:
				in.Format = ingest.Text // in a folder, too, lines are what is trained on
			}
			c.files = append(c.files, in)
		}
		for _, name := range g.LeftOut {
			c.leftOut = append(c.leftOut, filepath.Join(p, name))
		}
	}
	return c, nil
}

// splitColumn divides PATH:COLUMN. A path or a glob that is there as a whole names no column.
func splitColumn(argument string) (path, column string) {
	at := strings.LastIndexByte(argument, ':')
	if at < 1 || strings.ContainsAny(argument[at:], `/\`) {
		return argument, ""
	}
	if _, err := os.Stat(argument); err == nil {
		return argument, ""
	}
	if found, err := glob.Files(argument); err == nil && len(found) > 0 {
		return argument, ""
	}
	return argument[:at], argument[at+1:]
}

// isParquet tells whether a path names parquet files, or a folder with some.
func isParquet(path string) bool {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		found, err := filepath.Glob(filepath.Join(path, "*.parquet"))
		return err == nil && len(found) > 0
	}
	return strings.EqualFold(filepath.Ext(path), ".parquet")
}

// ReadTexts calls yield with each text of inputs as [VocabularyOptions] has them. It says what it reads, and how far it is.
func ReadTexts(ctx context.Context, inputs []string, console *Console, yield func(text string) error) error {
	all, err := openCorpora(inputs)
	if err != nil {
		return err
	}
	all.say(console)
	phases := NewPhases(console)
	defer phases.Stop()
	return all.texts(phases.Progress)(ctx, yield)
}

// say tells which text is read, and which is not.
func (all corpora) say(console *Console) {
	for _, in := range all {
		console.Say("data: %s: column %s", in.name, in.column)
		if in.set != nil {
			SayLeftOut(console, in.set)
		}
		if len(in.leftOut) > 0 {
			console.Say("  left out: %s", strings.Join(in.leftOut, ", "))
		}
		if len(in.repeated) > 0 {
			console.Say("  left out, since it was named before: %s", strings.Join(in.repeated, ", "))
		}
	}
}

// texts returns the texts of all corpora, one after the other.
func (all corpora) texts(progress func(what, unit string, done, total int64)) vocabulary.Texts {
	total := int64(0)
	for _, c := range all {
		if c.set == nil {
			total = -1
			break
		}
		total += c.set.Rows()
	}
	return func(ctx context.Context, yield func(text string) error) error {
		done := int64(0)
		count := func(text string) error {
			if done++; done%64 == 0 {
				progress("read text", "rows", done, total)
			}
			return yield(text)
		}
		for _, c := range all {
			if err := c.read(ctx, count); err != nil {
				return err
			}
		}
		return nil
	}
}

func (c textFiles) read(ctx context.Context, yield func(text string) error) error {
	if c.set != nil {
		return c.set.Scan(ctx, []string{c.column}, func(_ int64, cells []parquetio.Cell) error { return yield(cells[0].Text()) })
	}
	for _, in := range c.files {
		rows, found := 0, false
		var columns []string // of the first row
		err := ingest.ReadFile(ctx, in, ingest.ReadOptions{}, func(r ingest.Row) error {
			rows++
			for _, f := range r.Fields {
				name := strings.Join(f.Path, ".")
				if rows == 1 {
					columns = append(columns, name)
				}
				if name == c.column {
					found = true
					return yield(f.Cell.Text())
				}
			}
			return nil
		})
		if err == nil && rows > 0 && !found {
			err = fmt.Errorf("read %s: no row has a column %s, the first has %s: name the column of the text, as in %s:COLUMN",
				in.Path, c.column, strings.Join(columns, ", "), in.Path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
