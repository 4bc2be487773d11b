package inputfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/internal/jsonlines"
)

// Pair is an input with the targets to score.
type Pair struct {
	Input
	Targets []string
}

// ReadPairs calls yield for each input of a file with its targets, in order; path - is stdin. It holds one at a time.
// Targets come from a column: a text or a list of texts. A line of text has them behind
// its input, each after a tab.
func ReadPairs(
	ctx context.Context,
	path string, format table.Format,
	spec task.Spec,
	column string,
	stdin io.Reader,
	yield func(Pair) error,
) error {
	return reader[Pair]{
		line:    func(line string) (Pair, error) { return pairFromLine(spec, line) },
		columns: append(slices.Clone(spec.TextColumns), column),
		row:     func(cells []table.Cell, _ Kept) (Pair, error) { return pairFromRow(spec, column, cells) },
	}.read(ctx, path, format, stdin, yield)
}

// pairFromRow makes a pair of the cells of the text columns and that of the targets.
func pairFromRow(spec task.Spec, column string, cells []table.Cell) (Pair, error) {
	last := len(cells) - 1
	in, err := fromRow(spec, cells[:last])
	if err != nil {
		return Pair{}, err
	}
	targets, err := targetTexts(spec, column, cells[last])
	return Pair{in, targets}, err
}

// targetTexts returns the targets that a cell has: one, or those of a list.
func targetTexts(spec task.Spec, column string, c table.Cell) ([]string, error) {
	cells := []table.Cell{c}
	if c.Kind == table.List {
		cells = c.Items
	}
	if len(cells) == 0 {
		return nil, errNoTarget(column)
	}
	targets := make([]string, len(cells))
	for i, c := range cells {
		text, err := targetText(spec, column, c)
		if err != nil {
			return nil, err
		}
		targets[i] = strings.Clone(text)
	}
	return targets, nil
}

// targetText returns the target that a cell stands for: its text, or that of its label.
func targetText(spec task.Spec, column string, c table.Cell) (string, error) {
	if isLabel(spec, column) {
		return spec.LabelText(c)
	}
	text, err := spec.Text(c)
	if err != nil {
		return "", fmt.Errorf("target column %s %w", column, err)
	}
	return text, nil
}

func pairFromLine(spec task.Spec, line string) (Pair, error) {
	fields := strings.Split(line, "\t")
	if len(fields) < 2 {
		return Pair{}, fmt.Errorf(
			"got %.80q, want an input, a tab and a target, or targets of all inputs by run.target",
			line,
		)
	}
	in, err := fromLine(spec, fields[0])
	return Pair{in, fields[1:]}, err
}

// isLabel reports whether targets are the texts of the labels of a column.
func isLabel(spec task.Spec, column string) bool {
	return len(spec.Labels) > 0 && column == spec.LabelColumn
}

func errNoTarget(column string) error {
	return fmt.Errorf("target column %s holds an empty list: drop the row", column)
}

// Beginnings returns what the lines of the scores begin with, one for each target: see [predict.Stream].
func (p Pair) Beginnings() ([][]byte, error) {
	lines := make([][]byte, len(p.Targets))
	for i, target := range p.Targets {
		var err error
		if lines[i], err = jsonlines.Beginning(struct {
			Input  string `json:"input"`
			Target string `json:"target"`
		}{p.Shown, target}); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// TargetColumn returns the column of the targets to score: the one that is asked for, or else that of the task.
func TargetColumn(spec task.Spec, asked string) (string, error) {
	switch {
	case asked != "":
		return asked, nil
	case spec.TargetColumn != "":
		return spec.TargetColumn, nil
	}
	return "", errors.New(
		"score: it is not known what to score: name the column of the targets with task.target_column, or give " +
			"targets with run.target",
	)
}
