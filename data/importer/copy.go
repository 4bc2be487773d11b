package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"

	"t5train/internal/atomicfile"
)

// Copies begins a split whose files are made with [Split.Copy].
func (f *Folder) Copies(name string) *Split {
	s := &Split{name: name, base: f.stage.Path(name)}
	f.splits = append(f.splits, s)
	return s
}

// Edit is what becomes of rows that are copied.
type Edit struct {
	Keep func(row int64) bool               // whether a row stays
	Text func(leaf int, text string) string // a text of a leaf of the schema as it is to be; nil keeps all
}

// texts changes the texts of a row.
func (e Edit) texts(row parquet.Row) {
	if e.Text == nil {
		return
	}
	for i, v := range row {
		if v.IsNull() || v.Kind() != parquet.ByteArray {
			continue
		}
		was := string(v.ByteArray())
		if text := e.Text(v.Column(), was); text != was {
			row[i] = parquet.ByteArrayValue([]byte(text)).Level(v.RepetitionLevel(), v.DefinitionLevel(), v.Column())
		}
	}
}

// Copy adds a file to the split: the rows of a file that stay, with its schema, metadata and all columns. It returns
// the number of rows of the file that was read, in memory bounded by a row group that is written and a page a column.
func (s *Split) Copy(ctx context.Context, from string, edit Edit) (read int64, err error) {
	defer func() {
		if p := recover(); p != nil { // of the library, on corrupt bytes
			err = fmt.Errorf("copy %s: the file is corrupt: %v", from, p)
		}
	}()
	in, err := os.Open(from)
	if err != nil {
		return 0, fmt.Errorf("copy parquet: %w", err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return 0, fmt.Errorf("copy parquet: %w", err)
	}
	source, err := parquet.OpenFile(in, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return 0, fmt.Errorf("copy %s: %w", from, err)
	}
	path := fmt.Sprintf("%s-%05d", s.base, len(s.paths))
	if s.file, err = atomicfile.Create(path); err != nil {
		return 0, s.failed(err)
	}
	s.paths = append(s.paths, path)
	schema, _ := recode(source.Root(), source.Metadata().Schema)
	options := append(WriterOptions(), parquet.NewSchema(source.Schema().Name(), schema))
	for _, entry := range source.Metadata().KeyValueMetadata {
		options = append(options, parquet.KeyValueMetadata(entry.Key, entry.Value))
	}
	out := parquet.NewGenericWriter[any](s.file, options...)
	c := copying{ctx: ctx, edit: edit, out: NewGroups(out), split: s}
	for _, group := range source.RowGroups() {
		if err := c.group(group); err != nil {
			return c.read, fmt.Errorf("copy %s: %w", from, err)
		}
	}
	if err := out.Close(); err != nil {
		return c.read, s.failed(err)
	}
	return c.read, s.close()
}

// recoded is a schema without the encodings and the compression that its file has, not all of which can be written.
type recoded struct {
	parquet.Node
	element format.SchemaElement
	fields  []parquet.Field
}

// recode takes the elements of a schema, depth first, and returns the rest of them.
func recode(n parquet.Node, elements []format.SchemaElement) (recoded, []format.SchemaElement) {
	r := recoded{Node: n, element: elements[0]}
	elements = elements[1:]
	for _, f := range n.Fields() {
		var inner recoded
		inner, elements = recode(f, elements)
		r.fields = append(r.fields, recodedField{inner, f})
	}
	return r, elements
}

func (recoded) Encoding() encoding.Encoding { return nil }
func (recoded) Compression() compress.Codec { return nil }
func (r recoded) Fields() []parquet.Field   { return r.fields }

func (r recoded) Type() parquet.Type {
	t := r.Node.Type()
	switch {
	case !r.Leaf():
	case t.Kind() < 0: // of nulls, which the library writes without their physical type
		return annotated{parquet.Int32Type, r.element}
	case t.LogicalType() == nil && t.ConvertedType() == nil: // the library does not know float16 and interval
		return annotated{t, r.element}
	}
	return t
}

// annotated is a type with the annotation that its file has.
type annotated struct {
	parquet.Type
	element format.SchemaElement
}

func (a annotated) LogicalType() *format.LogicalType {
	if a.element.LogicalType.Value == nil {
		return nil
	}
	return &a.element.LogicalType
}

func (a annotated) ConvertedType() *deprecated.ConvertedType {
	if !a.element.ConvertedType.Valid {
		return nil
	}
	return &a.element.ConvertedType.V
}

// recodedField is a field of a recoded schema.
type recodedField struct {
	recoded
	field parquet.Field
}

func (f recodedField) Name() string                           { return f.field.Name() }
func (f recodedField) Value(base reflect.Value) reflect.Value { return f.field.Value(base) }

type copying struct {
	ctx   context.Context
	edit  Edit
	out   *Groups
	split *Split
	read  int64
}

func (c *copying) group(group parquet.RowGroup) (err error) {
	if group.NumRows() == 0 { // the library would look for its pages
		return nil
	}
	rows := group.Rows()
	defer func() { err = errors.Join(err, rows.Close()) }()
	var buffer [64]parquet.Row
	for {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		n, err := rows.ReadRows(buffer[:])
		for _, row := range buffer[:n] {
			if c.edit.Keep(c.read) {
				c.edit.texts(row)
				if err := c.out.Write(row); err != nil {
					return c.split.failed(err)
				}
				c.split.rows++
			}
			c.read++
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case n == 0:
			return io.ErrNoProgress
		}
	}
}
