package parquetio

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"t5train/data/table"
)

type answer struct {
	Text  string `parquet:"text"`
	Start *int32 `parquet:"start,optional"`
}

// nested has the shapes of real data sets. nil pointers are nulls.
type nested struct {
	Translation *struct {
		En string  `parquet:"en"`
		De *string `parquet:"de,optional"`
	} `parquet:"translation,optional"`
	Tokens  []string         `parquet:"tokens,list"`
	Answers []answer         `parquet:"answers,list"`
	Bare    []int64          `parquet:"bare"`
	Map     map[string]int64 `parquet:"m"`
	Turns   []struct {
		Says []string `parquet:"says,list"`
	} `parquet:"turns,list"`
	Dotted string `parquet:"a.dotted.name"`
}

func nestedRow(i int) nested {
	row := nested{Dotted: fmt.Sprint("dotted ", i), Map: map[string]int64{fmt.Sprint("k", i): int64(i)}}
	if i%3 != 0 {
		row.Translation = &struct {
			En string  `parquet:"en"`
			De *string `parquet:"de,optional"`
		}{En: fmt.Sprint("en", i)}
		if i%2 == 0 {
			de := fmt.Sprint("de", i)
			row.Translation.De = &de
		}
	}
	for n := range i % 5 {
		row.Tokens = append(row.Tokens, strings.Repeat("é", n))
		start := int32(n)
		row.Answers = append(row.Answers, answer{fmt.Sprint(i, n), [2]*int32{&start, nil}[n%2]})
		row.Bare = append(row.Bare, int64(i*n))
		row.Turns = append(row.Turns, struct {
			Says []string `parquet:"says,list"`
		}{row.Tokens[:n]})
	}
	return row
}

// want shows what a scan of nestedColumns hands out for the row.
func (n nested) want() string {
	text, number := strconvQuote, func(i int64) string { return fmt.Sprint(i) }
	cells := []string{"null", "null", listed(n.Tokens, text)}
	if tr := n.Translation; tr != nil {
		cells[0] = text(tr.En)
		if tr.De != nil {
			cells[1] = text(*tr.De)
		}
	}
	var texts, starts, says, keys, values []string
	for _, a := range n.Answers {
		start := "null"
		if a.Start != nil {
			start = fmt.Sprint(*a.Start)
		}
		texts, starts = append(texts, text(a.Text)), append(starts, start)
	}
	for _, turn := range n.Turns {
		says = append(says, listed(turn.Says, text))
	}
	for k, v := range n.Map {
		keys, values = append(keys, text(k)), append(values, fmt.Sprint(v))
	}
	bare := func(s string) string { return s }
	return fmt.Sprint(append(cells, listed(texts, bare), listed(starts, bare), listed(n.Bare, number),
		listed(keys, bare), listed(values, bare), listed(says, bare), text(n.Dotted)))
}

func strconvQuote(s string) string { return table.Cell{Kind: table.String, Str: s}.String() }

func listed[T any](items []T, show func(T) string) string {
	shown := make([]string, len(items))
	for i, item := range items {
		shown[i] = show(item)
	}
	return "[" + strings.Join(shown, ", ") + "]"
}

var nestedColumns = []string{"translation.en", "translation.de", "tokens", "answers.text", "answers.start", "bare",
	"m.key", "m.value", "turns.says", "a.dotted.name"}

func TestScan_Nested(t *testing.T) {
	rows := make([]nested, 100)
	for i := range rows {
		rows[i] = nestedRow(i)
	}
	for name, options := range map[string][]parquet.WriterOption{
		"version 2 pages": nil,
		"version 1 pages": {parquet.DataPageVersion(1)},
		"small pages":     {parquet.PageBufferSize(100), compression(&parquet.Zstd)},
		"delta":           {parquet.DefaultEncodingFor(parquet.ByteArray, &parquet.DeltaByteArray)},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := Open(save(t, "x.parquet", encode(t, rows, 30, options...)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := scanAll(d, nestedColumns...)
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				if want := rows[i].want(); fmt.Sprint(got[i]) != want {
					t.Fatalf("row %d:\n got %v\nwant %v", i, got[i], want)
				}
			}
		})
	}
}

func TestColumns_Nested(t *testing.T) {
	const features = `{"info": {"features": {"answers": {"feature": {"text": {"dtype": "string", "_type": "Value"},
		"start": {"names": ["ham", "spam"], "_type": "ClassLabel"}}, "_type": "List"}}}}`
	d, err := Open(save(t, "x.parquet", encode(t, []nested{nestedRow(1)}, 0, parquet.KeyValueMetadata("huggingface",
		features))))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]table.Column{
		"translation.en": {Type: table.TypeString, Nullable: true},
		"translation.de": {Type: table.TypeString, Nullable: true},
		"tokens":         {Type: table.TypeString, Lists: 1},
		"answers.text":   {Type: table.TypeString, Lists: 1},
		"answers.start":  {Type: table.TypeInt, Lists: 1, ClassLabels: []string{"ham", "spam"}},
		"bare":           {Type: table.TypeInt, Lists: 1},
		"m.key":          {Type: table.TypeString, Lists: 1},
		"m.value":        {Type: table.TypeInt, Lists: 1},
		"turns.says":     {Type: table.TypeString, Lists: 2},
		"a.dotted.name":  {Type: table.TypeString},
	}
	for _, got := range d.Columns() {
		column := want[got.Name]
		column.Name = got.Name
		if !reflect.DeepEqual(got, column) {
			t.Errorf("got %+v, want %+v", got, column)
		}
		delete(want, got.Name)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
	_, err = scanAll(d, "translation")
	wantError(t, err, `"translation"`, "choose among", "translation.en, translation.de")
	_, err = scanAll(d, "turns")
	wantError(t, err, "turns.says")
	_, err = scanAll(d, "translation.fr")
	wantError(t, err, `no column "translation.fr"`, "translation.de")
	got, err := d.Distinct(t.Context(), "answers.start", 10)
	if err != nil || fmt.Sprint(got) != "[0]" {
		t.Errorf("distinct items: got %v, %v", got, err)
	}
}

// leafElement and groupElement are short for schema elements.
func leafElement(name string, repetition format.FieldRepetitionType) format.SchemaElement {
	return format.SchemaElement{Name: name, Type: thrift.New(format.Int32), RepetitionType: thrift.New(repetition)}
}

func groupElement(name string, repetition format.FieldRepetitionType, logical thrift.UnionMember,
	children int32) format.SchemaElement {
	e := format.SchemaElement{Name: name, RepetitionType: thrift.New(repetition), NumChildren: thrift.New(children)}
	switch logical := logical.(type) {
	case *format.ListType:
		e.LogicalType.Value = logical
	case *format.MapType:
		e.LogicalType.Value = logical
	}
	return e
}

// TestSchemaColumns has the examples of the format's backward-compatibility rules.
func TestSchemaColumns(t *testing.T) {
	const required, optional, repeated = format.Required, format.Optional, format.Repeated
	list, maps := &format.ListType{}, &format.MapType{}
	type elements []format.SchemaElement
	cases := []struct {
		name   string
		schema elements
		want   string // name, lists, levels of the lists, level of a value
	}{
		{"flat", elements{leafElement("x", required), leafElement("y", optional)}, "x 0 [] 0, y 0 [] 1"},
		{"list", elements{groupElement("x", optional, list, 1), groupElement("list", repeated, nil, 1),
			leafElement("element", optional)}, "x 1 [1] 3"},
		{"other names", elements{groupElement("x", required, list, 1), groupElement("bag", repeated, nil, 1),
			leafElement("array_element", required)}, "x 1 [0] 1"},
		{"rule 1: repeated leaf", elements{groupElement("x", optional, list, 1), leafElement("element", repeated)},
			"x 1 [1] 2"},
		{"rule 2: repeated struct", elements{groupElement("x", optional, list, 1), groupElement("element", repeated,
			nil, 2),
			leafElement("a", required), leafElement("b", optional)}, "x.a 1 [1] 2, x.b 1 [1] 3"},
		{"rule 3: repeated list", elements{groupElement("x", optional, list, 1), groupElement("array", repeated,
			list, 1), leafElement("array", repeated)}, "x 2 [1 2] 3"},
		{"rule 4: array", elements{groupElement("x", optional, list, 1), groupElement("array", repeated, nil, 1),
			leafElement("a", required)}, "x.a 1 [1] 2"},
		{"rule 4: tuple", elements{groupElement("x", optional, list, 1), groupElement("x_tuple", repeated, nil, 1),
			leafElement("a", required)}, "x.a 1 [1] 2"},
		{"rule 5: three levels", elements{groupElement("x", optional, list, 1), groupElement("element", repeated,
			nil, 1), leafElement("a", optional)}, "x 1 [1] 3"},
		{"not annotated", elements{leafElement("x", repeated), groupElement("y", repeated, nil, 1), leafElement("a",
			optional)}, "x 1 [0] 1, y.a 1 [0] 2"},
		{"list of lists", elements{groupElement("x", optional, list, 1), groupElement("list", repeated, nil, 1),
			groupElement("element", optional, list, 1), groupElement("list", repeated, nil,
				1), leafElement("element", optional)}, "x 2 [1 3] 5"},
		{"map", elements{groupElement("x", optional, maps, 1), groupElement("map", repeated, nil, 2),
			leafElement("k", required), leafElement("v", optional)}, "x.key 1 [1] 2, x.value 1 [1] 3"},
		{"map to lists", elements{groupElement("x", optional, maps, 1), groupElement("key_value", repeated, nil, 2),
			leafElement("key", required), groupElement("value", optional, list, 1), groupElement("list", repeated,
				nil, 1), leafElement("element", optional)},
			"x.key 1 [1] 2, x.value 2 [1 3] 5"},
		{"map without values", elements{groupElement("x", optional, maps, 1), groupElement("key_value", repeated,
			nil, 1), leafElement("k", required)}, "x.key 1 [1] 2"},
		{"struct of a list of a struct", elements{groupElement("s", optional, nil, 1), groupElement("x", optional,
			list, 1),
			groupElement("list", repeated, nil, 1), groupElement("element", optional, nil, 1), leafElement("a",
				optional)}, "s.x.a 1 [2] 5"},
		{"no list after all", elements{groupElement("x", optional, list, 2), leafElement("a", required),
			leafElement("b", required)}, "x.a 0 [] 1, x.b 0 [] 1"},
		{"empty group", elements{groupElement("x", optional, nil, 0), leafElement("y", required)}, "y 0 [] 0"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			columns, err := schemaColumns(append(elements{groupElement("schema", required, nil, 1)}, c.schema...))
			if err != nil {
				t.Fatal(err)
			}
			shown := make([]string, len(columns))
			for i, got := range columns {
				shown[i] = fmt.Sprintf("%s %d %v %d", got.Name, got.Lists, got.stored.Lists, got.stored.Definition)
			}
			if got := strings.Join(shown, ", "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestSchemaColumns_Corrupt(t *testing.T) {
	root := groupElement("schema", format.Required, nil, 1)
	_, err := schemaColumns(nil)
	wantError(t, err, "empty")
	_, err = schemaColumns([]format.SchemaElement{root, groupElement("x", format.Optional, nil, 1<<30)})
	wantError(t, err, "ends inside", "x")
	_, err = schemaColumns([]format.SchemaElement{root, groupElement("x", format.Optional, &format.ListType{}, 1),
		groupElement("y", format.Repeated, nil, 1)})
	wantError(t, err, "ends inside", "x")
	deep := []format.SchemaElement{root}
	for range maxSchemaDepth {
		deep = append(deep, groupElement("x", format.Repeated, nil, 1))
	}
	_, err = schemaColumns(append(deep, leafElement("y", format.Required)))
	wantError(t, err, "nested more than 64")
	long := []format.SchemaElement{root, groupElement(strings.Repeat("x", 1<<20), format.Optional, nil, 100)}
	for range 100 {
		long = append(long, leafElement("y", format.Required))
	}
	_, err = schemaColumns(long)
	wantError(t, err, "names of more than")
}

func TestOpen_SameNameTwice(t *testing.T) {
	type pair struct {
		Struct struct {
			B string `parquet:"b"`
		} `parquet:"a"`
		Dotted string `parquet:"a.b"`
		Other  string `parquet:"c"`
	}
	d, err := Open(save(t, "x.parquet", encode(t, []pair{{Other: "fine"}}, 0)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = scanAll(d, "a.b")
	wantError(t, err, "a.b", "twice", "x.parquet")
	if rows, err := scanAll(d, "c"); err != nil || rows[0][0].Str != "fine" {
		t.Errorf("got %v, %v", rows, err)
	}
}
