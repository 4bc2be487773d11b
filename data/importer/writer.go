package importer

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"t5train/data/table"
	"t5train/internal/counted"
)

// WriterOptions are the settings that all parquet files of t5train share.
func WriterOptions() []parquet.WriterOption {
	return []parquet.WriterOption{
		parquet.CreatedBy("t5train", "", ""), parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(GroupRows),
	}
}

// Writer writes the rows of one file.
type Writer struct {
	columns []Column
	order   []int // column of each leaf of the schema
	out     *parquet.GenericWriter[any]
	through *counted.Writer
	groups  *Groups
	row     parquet.Row
}

// NewWriter begins a file. The caller closes both the Writer, which completes the file, and w.
func NewWriter(w io.Writer, columns []Column) (*Writer, error) {
	t, err := newTree(columns)
	if err != nil {
		return nil, err
	}
	through := &counted.Writer{W: w}
	options := append(WriterOptions(), parquet.NewSchema("schema", t.node(columns)),
		parquet.KeyValueMetadata("huggingface", t.features(columns)))
	out := parquet.NewGenericWriter[any](through, options...)
	return &Writer{columns: columns, order: t.leaves(nil), out: out, through: through, groups: NewGroups(out)}, nil
}

// Write adds a row: a cell for each column, in the order of the columns. Int cells may be of any class, of -1 (none) or
// null.
func (w *Writer) Write(cells []table.Cell) error {
	if len(cells) != len(w.columns) {
		return fmt.Errorf("write parquet: %d cells, want %d", len(cells), len(w.columns))
	}
	w.row = w.row[:0]
	for leaf, i := range w.order {
		if err := w.add(leaf, w.columns[i], cells[i]); err != nil {
			return fmt.Errorf("write parquet: column %s: %w", w.columns[i].Name(), err)
		}
	}
	return w.groups.Write(w.row)
}

// add appends the values of a cell. Of the levels of a column that may be absent, its definition level counts those
// that are there: each struct, then the value; in a list the list, its being not empty, and the item.
func (w *Writer) add(leaf int, c Column, cell table.Cell) error {
	level := len(c.Path) - 1
	if !c.List {
		return w.value(leaf, c, cell, 0, level)
	}
	switch {
	case cell.Kind == table.Null:
		w.row = append(w.row, parquet.NullValue().Level(0, level, leaf))
	case cell.Kind != table.List:
		return fmt.Errorf("got %v, want a list", cell)
	case len(cell.Items) == 0:
		w.row = append(w.row, parquet.NullValue().Level(0, level+1, leaf))
	}
	for i, item := range cell.Items {
		if err := w.value(leaf, c, item, min(i, 1), level+2); err != nil {
			return err
		}
	}
	return nil
}

// value appends a single value, or null at the level below.
func (w *Writer) value(leaf int, c Column, cell table.Cell, repetition, level int) error {
	v := parquet.NullValue()
	switch {
	case cell.Kind == table.Null:
		w.row = append(w.row, v.Level(repetition, level, leaf))
		return nil
	case c.Type == String && cell.Kind == table.String:
		v = parquet.ByteArrayValue([]byte(cell.Str))
	case c.Type == Int32 && cell.Kind == table.Int && int64(int32(cell.Int)) == cell.Int:
		v = parquet.Int32Value(int32(cell.Int))
	case c.Type == Int64 && cell.Kind == table.Int:
		v = parquet.Int64Value(cell.Int)
	case c.Type == Float64 && cell.Kind == table.Float:
		v = parquet.DoubleValue(cell.Float)
	case c.Type == Bool && cell.Kind == table.Bool:
		v = parquet.BooleanValue(cell.Bool)
	default:
		return fmt.Errorf("got %v, want a value of type %s", cell, c.Type)
	}
	w.row = append(w.row, v.Level(repetition, level+1, leaf))
	return nil
}

// Bytes returns the size of the file so far, without the row group that is in memory.
func (w *Writer) Bytes() int64 { return w.through.N }

// Close completes the file.
func (w *Writer) Close() error { return w.out.Close() }
