// Package jsonlines writes JSON, an object a line.
package jsonlines

import (
	"bytes"
	"encoding/json"
	"io"
)

// Beginning returns the beginning of the lines that have the fields of v first.
func Beginning(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := NewEncoder(&b).Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("}\n")), nil
}

// NewEncoder returns an encoder that writes an object a line, with text as it is: < and > are no danger here.
func NewEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}
