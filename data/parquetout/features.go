package parquetout

import (
	"bytes"
	"encoding/json"
)

// features returns the value of the `huggingface` metadata, from which datasets takes the types of the columns, their
// order and the names of the classes:
//
//	{"info": {"features": {"label": {"names": ["ham", "spam"], "_type": "ClassLabel"}, ...}}}
//
// A list is a Sequence, which all versions of datasets know; List came with version 4.
func (t *tree) features(columns []Column) string {
	var b bytes.Buffer
	b.WriteString(`{"info": {"features": `)
	t.writeFeature(&b, columns)
	b.WriteString(`}}`)
	return b.String()
}

// writeFeature writes JSON by hand because the order of a struct's fields has to be that of the columns.
func (t *tree) writeFeature(b *bytes.Buffer, columns []Column) {
	if t.fields == nil {
		columns[t.column].writeFeature(b)
		return
	}
	for i, f := range t.fields {
		b.WriteString([]string{"{", ", "}[min(i, 1)])
		b.Write(quoted(f.name))
		b.WriteString(": ")
		f.writeFeature(b, columns)
	}
	b.WriteByte('}')
}

func (c Column) writeFeature(b *bytes.Buffer) {
	if c.List {
		b.WriteString(`{"feature": `)
		defer b.WriteString(`, "_type": "Sequence"}`)
	}
	if c.Classes == nil {
		b.WriteString(`{"dtype": "` + string(c.Type) + `", "_type": "Value"}`)
		return
	}
	b.WriteString(`{"names": [`)
	for i, name := range c.Classes {
		if i > 0 {
			b.WriteString(", ")
		}
		b.Write(quoted(name))
	}
	b.WriteString(`], "_type": "ClassLabel"}`)
}

// quoted returns a string as JSON, which a string always has.
func quoted(s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return text
}
