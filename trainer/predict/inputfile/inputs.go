package inputfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"t5train/data/dataset"
	"t5train/data/parquetio"
	"t5train/data/remote"
	"t5train/data/table"
	"t5train/data/task"
	"t5train/data/task/words"
	"t5train/internal/jsonlines"
	"t5train/internal/splits"
	"t5train/internal/ui"
)

// Input is one text to predict from.
type Input struct {
	Text  string // what goes into the model, by the rule of the task
	Shown string // what the prediction repeats: the user's own text, or Text where it is made of several columns

	Tokens []words.Token // of a task of entities: those of Shown
	Kept   Kept          // columns that the prediction repeats besides
}

// Beginnings returns what the line of an answer begins with: see [predict.Stream].
func (in Input) Beginnings() ([][]byte, error) {
	b, err := jsonlines.Beginning(struct {
		Input string `json:"input"`
	}{in.Shown})
	return [][]byte{in.Kept.AppendTo(b)}, err
}

// FormatOf guesses the format of a file by its name, in front of .gz; standard input and unknown names are text,
// folders parquet.
func FormatOf(path string) table.Format {
	folder, _ := splits.Chosen(path)
	if info, err := os.Stat(folder); remote.IsURL(path) || err == nil && info.IsDir() {
		return table.Parquet
	}
	switch format := table.FormatOf(path); {
	case table.IsParquet(table.Unpacked(path)):
		return table.Parquet
	case format == table.JSON:
		return table.JSONL
	case slices.Contains(table.InputFormats(), format):
		return format
	}
	return table.Text
}

// Count returns the number of inputs of a file, below 0 where reading would use them up. It finds what is no text
// before any work is done.
func Count(ctx context.Context, path string, format table.Format, columns []string) (int64, error) {
	if format == table.Parquet && path != "-" {
		set, err := openInputs(ctx, path)
		if err == nil {
			err = set.CheckColumns(columns)
		}
		if err != nil {
			return 0, err
		}
		return set.Rows(), nil
	}
	info, err := os.Stat(path)
	if path == "-" || err == nil && !info.Mode().IsRegular() {
		return -1, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read inputs: %w", err)
	}
	n := int64(0)
	if !isLines(format) {
		err = scan(ctx, path, format, columns, nil, func(func() string, []table.Cell) error { n++; return nil })
	} else {
		err = readLines(ctx, path, format, nil, func(int, string) error { n++; return nil })
	}
	return n, err
}

// openInputs opens parquet files, or a folder of any files; of one with splits it takes test, or the only split.
func openInputs(ctx context.Context, path string) (*parquetio.Dataset, error) {
	return dataset.OpenFiles(ctx, []string{path}, []string{splits.Test, splits.Only})
}

// Say says which split of a folder inputs are, and what divides the cells of a table where its name tells otherwise.
func Say(ctx context.Context, c ui.Sink, path string, format table.Format) error {
	folder, _ := splits.Chosen(path)
	info, err := os.Stat(folder)
	if err != nil {
		return nil // which is found when it is read
	}
	if !info.IsDir() {
		if o, found := (table.ReadOptions{}).Sniff(table.Input{Path: path, Format: format}); found {
			ui.Say(c, "inputs", "%s: cells are divided by %q, by its first lines", path, o.Delimiter)
		}
		return nil
	}
	set, err := openInputs(ctx, path)
	if err == nil {
		dataset.SayTaken(c, set)
	}
	return err
}

// reader makes items of what a file of any format holds.
type reader[T any] struct {
	line    func(line string) (T, error) // of text
	columns []string                     // of other formats
	keep    []Keep
	row     func(cells []table.Cell, kept Kept) (T, error) // cells are valid for this call only
}

func (r reader[T]) read(
	ctx context.Context, path string, format table.Format, stdin io.Reader, yield func(T) error,
) error {
	if !isLines(format) {
		columns := slices.Clone(r.columns)
		for _, k := range r.keep {
			columns = append(columns, k.Column)
		}
		return scan(ctx, path, format, columns, stdin, func(at func() string, cells []table.Cell) error {
			n := len(r.columns)
			item, err := r.row(cells[:n], keptCells(r.keep, cells[n:]))
			if err != nil {
				return fmt.Errorf("read inputs: %s: %w", at(), err)
			}
			return yield(item)
		})
	}
	build := r.line
	if format == table.JSONL {
		build = r.object
	}
	return readLines(ctx, path, format, stdin, func(number int, line string) error {
		item, err := build(line)
		if err != nil {
			return fmt.Errorf("read inputs: %s, line %d: %w", path, number, err)
		}
		return yield(item)
	})
}

// isLines reports whether inputs of a format are lines by themselves: texts, or JSON objects, of which columns that are
// kept may hold anything. Of all others package table makes rows.
func isLines(format table.Format) bool { return format == table.Text || format == table.JSONL }

// object makes an item of a line of JSON lines.
func (r reader[T]) object(line string) (item T, err error) {
	if text := strings.TrimSpace(line); strings.HasPrefix(text, "[") || text == "{" {
		return item, fmt.Errorf(
			"got %.80q, want one object a line; t5train data import reads arrays, and objects of several lines",
			line,
		)
	}
	object, err := table.ReadObject([]byte(line))
	if err != nil {
		return item, fmt.Errorf("%w: want one with the fields %q", err, r.columns)
	}
	cells, err := object.Cells(r.columns)
	if err != nil {
		return item, err
	}
	return r.row(cells, keptFields(r.keep, object))
}

// readLines calls yield for each line that is an input. An empty line of text is one, a blank line between JSON objects
// is not.
func readLines(
	ctx context.Context,
	path string, format table.Format,
	stdin io.Reader,
	yield func(number int, line string) error,
) error {
	lines, done, err := dataset.OpenFile(path, stdin)
	if err != nil {
		return fmt.Errorf("read inputs: %w", err)
	}
	defer done()
	var failed error // of yield, which says all that there is to say
	err = table.EachLine(ctx, lines, func(number int, line string) error {
		if format == table.JSONL && strings.TrimSpace(line) == "" {
			return nil
		}
		failed = yield(number, line)
		return failed
	})
	if failed == nil && err != nil && ctx.Err() == nil {
		return fmt.Errorf("read inputs: read %s: %w", path, err)
	}
	return cmp.Or(failed, err)
}

// scan calls yield with the cells of some columns of each row of parquet or of a table, which are valid until it
// returns.
func scan(
	ctx context.Context, path string, format table.Format, columns []string, stdin io.Reader,
	yield func(at func() string, cells []table.Cell) error,
) (err error) {
	files := dataset.Files{Inputs: []table.Input{{Path: path, Format: format}}, Stdin: stdin}
	if format == table.Parquet {
		if path == "-" {
			return errors.New("read inputs: parquet cannot be read from standard input: give a file")
		}
		if files.Set, err = openInputs(ctx, path); err != nil {
			return err
		}
	}
	var failed error // of yield, which says all that there is to say
	err = files.Scan(ctx, columns, func(at func() string, cells []table.Cell) error {
		failed = yield(at, cells)
		return failed
	})
	if missing := (*table.MissingColumnError)(nil); errors.As(err, &missing) {
		return fmt.Errorf("read inputs: %s has no column %q: its columns, by its first line, are %s: "+
			"name another one, read each line as a text with predict.input_format %s, "+
			"or make parquet of it with t5train data import, which reads other tables too",
			path, missing.Column, strings.Join(missing.Columns, ", "), table.Text)
	}
	if failed == nil && err != nil && ctx.Err() == nil && files.Set == nil {
		return fmt.Errorf("read inputs: %w", err)
	}
	return err
}

// FromText is the input of a text that the user typed: of a task with several text columns, a JSON object that has
// them.
func FromText(spec task.Spec, text string) (Input, error) {
	if len(spec.TextColumns) > 1 {
		return rows(spec, nil).object(text)
	}
	return fromLine(spec, text)
}

func fromLine(spec task.Spec, line string) (Input, error) {
	if spec.Kind() == task.Entities {
		return fromTokens(spec, line, words.Cut(line))
	}
	text, err := spec.InputFromLine(line)
	return Input{Text: text, Shown: line}, err
}

// fromTokens makes the input of a task of entities, whose texts are tokens with a space between, as in training.
func fromTokens(spec task.Spec, shown string, tokens []words.Token) (Input, error) {
	text, err := spec.InputFromLine(words.Join(tokens))
	return Input{Text: text, Shown: shown, Tokens: tokens}, err
}

// fromRow makes an input of the cells of the text columns.
func fromRow(spec task.Spec, cells []table.Cell) (Input, error) {
	texts := make([]string, len(cells))
	for i, c := range cells {
		text, err := spec.Text(c)
		if err != nil {
			return Input{}, fmt.Errorf("text column %s %w", spec.TextColumns[i], err)
		}
		texts[i] = strings.Clone(text)
	}
	if spec.Kind() == task.Entities {
		if cells[0].Kind == table.List {
			return fromTokens(spec, texts[0], words.List(itemTexts(cells[0])))
		}
		return fromTokens(spec, texts[0], words.Cut(texts[0]))
	}
	text, err := spec.Input(texts)
	in := Input{Text: text, Shown: text}
	if len(texts) == 1 {
		in.Shown = texts[0]
	}
	return in, err
}

func itemTexts(list table.Cell) []string {
	texts := make([]string, len(list.Items))
	for i, item := range list.Items {
		texts[i] = strings.Clone(item.Text())
	}
	return texts
}
