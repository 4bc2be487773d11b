package dataset

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/data"
	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/data/task"
	"t5train/data/task/infer"
	"t5train/data/tokenizer"
	"t5train/internal/splits"
	"t5train/internal/ui"
)

// Table is an opened data set, or a sample of its rows.
type Table struct {
	*parquetio.Dataset
	sample data.Sample
	seed   uint64 // of the sample
}

// HeldOutSeed draws held-out examples: the same ones in every run, whatever its seed, and in evaluate.
const HeldOutSeed = 0

// The splits that are taken of a folder, the first that is there.
var (
	ForTraining   = []string{splits.Train}
	ForValidation = []string{splits.Validation}
	ForEvaluation = []string{splits.Test, splits.Validation}
)

// Open opens a data set, of folders the wanted split, of which at most limit rows are read, drawn by the seed; 0 is
// all.
func Open(ctx context.Context, patterns, wanted []string, limit int, seed uint64) (Table, error) {
	set, err := OpenData(ctx, patterns, wanted)
	if err != nil {
		return Table{}, err
	}
	return Table{set, data.NewSample(int(set.Rows()), limit, seed), seed}, nil
}

// Rows returns the number of rows that Scan yields.
func (t Table) Rows() int64 { return int64(t.sample.Len()) }

// Scan is Dataset.Scan of the rows of the sample, in the order of the files.
func (t Table) Scan(ctx context.Context, columns []string, yield func(row int64, cells []table.Cell) error) error {
	left := t.Rows()
	err := t.Dataset.Scan(ctx, columns, func(row int64, cells []table.Cell) error {
		if left == 0 {
			return errEnough
		}
		if !t.sample.Has(int(row)) {
			return nil
		}
		left--
		return yield(row, cells)
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// errEnough ends a scan when all rows of the sample are read.
var errEnough = errors.New("enough rows")

// SaySample notes that not all of something is read.
func SaySample(c ui.Sink, s data.Sample, all int64, what string, seed uint64) {
	if !s.All() {
		ui.Detail(c, "a sample", "%s of %s %s, drawn with seed %d", ui.Grouped(s.Len()), ui.Grouped(int(all)), what,
			seed)
	}
}

// Infer finds the task of the table and notes what it took.
func (t Table) Infer(ctx context.Context, asked task.Spec, c ui.Sink) (task.Spec, error) {
	d := infer.Data{
		Columns:  t.Columns(),
		Distinct: func(column string, limit int) ([]table.Cell, error) { return t.Distinct(ctx, column, limit) },
		Numeric:  func(column string) bool { return t.numeric(ctx, column) },
		Numbers:  func(column string) ([]float64, error) { return t.numbers(ctx, column) },
	}
	var err error
	if d.Identifiers, err = t.identifiers(ctx); err != nil {
		return task.Spec{}, err
	}
	spec, notes, err := infer.Task(d, asked)
	if err != nil {
		return task.Spec{}, WithConflicts(err, t.Dataset)
	}
	SayLeftOut(c, t.Dataset)
	infer.Send(c, notes...)
	return spec, nil
}

// identifiers returns the columns of strings whose values are identifiers, by the first rows, where there is a choice.
func (t Table) identifiers(ctx context.Context) ([]string, error) {
	const most = 1000 // rows
	var names, found []string
	for _, c := range t.Columns() {
		if c.Type == table.TypeString && c.Lists == 0 {
			names = append(names, c.Name)
		}
	}
	if len(names) < 2 {
		return nil, nil
	}
	values := make([][]string, len(names))
	err := t.Scan(ctx, names, func(row int64, cells []table.Cell) error {
		if row >= most {
			return errEnough
		}
		for i, c := range cells {
			if c.Kind != table.Null {
				values[i] = append(values[i], strings.Clone(c.Str))
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	for i, name := range names {
		if infer.AreIdentifiers(name, values[i]) {
			found = append(found, name)
		}
	}
	return found, nil
}

// numeric reports whether the texts of a column are numbers, but for those that are empty.
func (t Table) numeric(ctx context.Context, column string) bool {
	some, all := false, true
	err := t.Scan(ctx, []string{column}, func(_ int64, cells []table.Cell) error {
		_, ok := cells[0].Number()
		if some = some || ok; !ok && cells[0].Text() != "" {
			all = false
			return errEnough
		}
		return nil
	})
	return err == nil && some && all
}

// numbers returns the finite numbers of a column, 8 bytes a row.
func (t Table) numbers(ctx context.Context, column string) ([]float64, error) {
	var all []float64
	err := t.Scan(ctx, []string{column}, func(_ int64, cells []table.Cell) error {
		if v, ok := cells[0].Number(); ok {
			all = append(all, v)
		}
		return nil
	})
	return all, err
}

// RoundingNotes notes what the rounding of a regression does to the numbers of the table. One that leaves nothing to
// learn is an error.
func (t Table) RoundingNotes(ctx context.Context, spec task.Spec, what string) ([]ui.Note, error) {
	if spec.Kind() != task.Numbers {
		return nil, nil
	}
	numbers, err := t.numbers(ctx, spec.LabelColumn)
	if err != nil {
		return nil, err
	}
	said, useless := infer.RoundingLoss(numbers, *spec.RoundTo)
	switch {
	case useless:
		return nil, fmt.Errorf("%s: label column %s: %s", what, spec.LabelColumn, said)
	case said != "":
		return ui.Notef(ui.NoteRounding, "%s: label column %s: %s", what, spec.LabelColumn, said), nil
	}
	return nil, nil
}

// WithConflicts adds to an error about the columns of a data set those that it would have if its files agreed, and its
// notes.
func WithConflicts(err error, set *parquetio.Dataset) error {
	if more := slices.Concat(set.Conflicts(), set.Notes()); len(more) > 0 {
		return fmt.Errorf("%w; %s", err, strings.Join(more, "; "))
	}
	return err
}

// SayNamed says which data was named, but for the folders of which SayTaken says more.
func SayNamed(c ui.Sink, patterns []string, set *parquetio.Dataset) {
	taken := func(pattern string) bool {
		return slices.ContainsFunc(set.Taken(), func(t splits.Taken) bool { return t.Folder == pattern })
	}
	if rest := slices.DeleteFunc(slices.Clone(patterns), taken); len(rest) > 0 {
		ui.Say(c, "data", "%s", strings.Join(rest, ", "))
	}
}

// SayTaken says which splits were taken of folders.
func SayTaken(c ui.Sink, set *parquetio.Dataset) {
	for _, t := range set.Taken() {
		ui.Say(c, "data", "%s", t.Said)
	}
}

// SayHeldOut says that folders of training data have a validation split, which is not used.
func SayHeldOut(c ui.Sink, set *parquetio.Dataset) {
	for _, t := range set.Taken() {
		if slices.ContainsFunc(t.Rest, func(s splits.Split) bool { return s.Kind == splits.Validation }) {
			ui.Detail(c, "hint", "%[1]s has a validation split, which is not used: set data.validation to it", t.Folder)
		}
	}
}

// SayLeftOut says which columns of a data set are left out because its files do not agree about them, what is read
// otherwise than it is written, and which folders below those that were named are not read. It begins with SayTaken.
func SayLeftOut(c ui.Sink, set *parquetio.Dataset) {
	if set == nil {
		return
	}
	SayTaken(c, set)
	SayRest(c, set)
}

// SayRest is SayLeftOut without SayTaken.
func SayRest(c ui.Sink, set *parquetio.Dataset) {
	for _, conflict := range set.Conflicts() {
		ui.Detail(c, "left out", "%s", conflict)
	}
	for _, note := range set.Notes() {
		ui.Detail(c, "note", "%s", note)
	}
	for _, folder := range set.Skipped() {
		ui.Detail(c, "left out", "the parquet files in %s: a folder is read without those in it, so name it too if "+
			"it belongs to this data", folder)
	}
}

// Build tokenises the table and says what was cut.
func (t Table) Build(ctx context.Context, what string, spec task.Spec, use data.Use, tok *tokenizer.Tokenizer,
	limits data.Limits, threads int, c ui.Sink) (*data.Examples, error) {
	progress := ui.Start(c, "tokenize "+what, "rows", t.Rows())
	defer progress.Stop()
	examples, err := data.Build(ctx, t, spec, use, tok, limits, threads, func(done, _ int64) { progress.Set(done) })
	if err != nil {
		return nil, err
	}
	progress.Stop()
	inputs, targets := examples.Tokens()
	ui.Say(c, what, "%s examples, %s input and %s target tokens", ui.Grouped(examples.Len()), ui.Grouped(inputs),
		ui.Grouped(targets))
	SaySample(c, t.sample, t.Dataset.Rows(), "rows", t.seed)
	if n := examples.CutInputs; n > 0 {
		ui.Detail(c, "", "inputs longer than %[2]d tokens, which lose their end: %[1]s (raise max_input_length to "+
			"keep it)", ui.Grouped(n), limits.MaxInput)
	}
	if n := examples.CutTargets; n > 0 {
		ui.Detail(c, "", "targets longer than %[2]d tokens, which lose their end: %[1]s (raise max_target_length to "+
			"keep it)", ui.Grouped(n), limits.MaxTarget)
	}
	if examples.Len() == 0 && examples.CutAnswers > 0 {
		return nil, fmt.Errorf("tokenize %s: no example is left, because all answers lie behind the cut of their "+
			"inputs at %d tokens: raise max_input_length", what, limits.MaxInput)
	}
	return examples, nil
}

// cutAnswers notes that answers lie behind the cut of their inputs. Those that a model cannot know would teach it to
// invent.
func cutAnswers(what string, e *data.Examples, use data.Use, limits data.Limits) []ui.Note {
	if e.CutAnswers == 0 {
		return nil
	}
	all, effect := e.Len(), "the model cannot find them, and each counts as wrong that it does not guess"
	if use == data.ForTraining {
		all, effect = all+e.CutAnswers, "they are left out"
	}
	return ui.Notef(ui.NoteCutAnswers, "%s: %s of %s examples (%.1f %%) have their answer behind the cut of the "+
		"input at %d tokens: %s (raise max_input_length)",
		what, ui.Grouped(e.CutAnswers), ui.Grouped(all), 100*float64(e.CutAnswers)/float64(all), limits.MaxInput,
		effect)
}

// OpenData is [OpenFiles] of what must have rows.
func OpenData(ctx context.Context, patterns, wanted []string) (*parquetio.Dataset, error) {
	set, err := OpenFiles(ctx, patterns, wanted)
	if err == nil && set.Rows() == 0 {
		err = fmt.Errorf("%s: no rows: its files are empty tables: name files with rows, or leave them out",
			strings.Join(patterns, ", "))
	}
	return set, err
}
