package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"t5train/data/table"
	"t5train/internal/ui"
)

// Parquet makes parquet of inputs as [Import] does without options: an own file of each, or of those of a group that
// has a row a file. All have the same columns. create opens what a file is written to, and names an input of it. notes
// say what is read otherwise than it is written.
func Parquet(ctx context.Context, groups []table.Group, create func(in table.Input) (io.Writer, error)) (notes []string,
	err error) {
	said := &heard{}
	im := &importing{groups: groups, phases: ui.NewPhases(nil)}
	im.Sink = said
	im.drops = drops{nil, map[string]bool{}}
	im.Read.Unnamed = func() { im.index.there = true }
	im.Read.Escaped = im.sayEscaped
	for _, g := range groups {
		im.Inputs = append(im.Inputs, g.Argument)
	}
	im.defaults()
	if err := im.learn(ctx); err != nil {
		return nil, err
	}
	columns, err := im.schema.resolve()
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	return said.notes, im.writeEach(ctx, columns, create)
}

// writeEach is the second reading of Parquet.
func (im *importing) writeEach(ctx context.Context, columns []Column,
	create func(in table.Input) (io.Writer, error)) (err error) {
	var out *Writer
	finish := func() error {
		if out == nil {
			return nil
		}
		return out.Close()
	}
	converter := newConverter(columns)
	for _, g := range im.groups {
		whole := g.Inputs[0].Format == table.Documents || g.Inputs[0].Format == table.Classes
		for i, in := range g.Inputs {
			if i == 0 || !whole {
				if err := finish(); err != nil {
					return err
				}
				w, err := create(in)
				if err != nil {
					return err
				}
				if out, err = NewWriter(w, columns); err != nil {
					return err
				}
			}
			one := *im
			one.groups = []table.Group{{Inputs: []table.Input{in}}}
			err := one.each(ctx, "write", nil, func(in table.Input, r table.Row) error {
				cells, err := converter.cells(r)
				if err != nil {
					return fmt.Errorf("import: %v: %w", place{in.Path, r.Line}, err)
				}
				return out.Write(cells)
			})
			if err != nil {
				return errors.Join(err, finish())
			}
		}
	}
	return finish()
}

// heard keeps the details that an import says.
type heard struct{ notes []string }

// Message implements ui.Sink.
func (h *heard) Message(m ui.Message) {
	if m.Detail {
		h.notes = append(h.notes, strings.TrimPrefix(m.Key+": "+m.Text, ": "))
	}
}

// Start implements ui.Sink.
func (h *heard) Start(ui.Work) ui.Progress { return ui.Start(nil, "", "", 0) }
