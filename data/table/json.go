package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"t5train/internal/clip"
)

// dropped reports whether the value at a path is passed over; nil passes over none.
type dropped func(path []string) bool

// readJSONL makes a row of each line that is not blank: an object. What is in objects inside of it becomes columns of
// structs, lists of strings, numbers, or true and false become lists.
func readJSONL(t *text, o ReadOptions, yield yield) error {
	var fields []Field
	return eachLine(t, func(number int, line string) error {
		if strings.TrimSpace(line) == "" {
			return nil
		}
		if bad, ok := t.badByteIn(line, number); ok {
			return t.bad(bad)
		}
		var err error
		if fields, err = readJSONLine(line, fields[:0], o.Drop); err != nil {
			remedy, reason := jsonError(err)
			return t.bad(BadLine{number, number, onLine(number, reason), remedy})
		}
		return yield(Row{number, fields})
	})
}

// readJSONLine appends the fields of the only object of a line.
func readJSONLine(line string, fields []Field, drop dropped) ([]Field, error) {
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	token, err := d.Token()
	if err == nil {
		fields, err = readObject(d, token, nil, fields, drop)
	}
	if err != nil {
		return fields, err
	}
	switch _, err = d.Token(); {
	case errors.Is(err, io.EOF):
		return fields, nil
	case err == nil:
		err = errors.New("more text behind the object, want one object a line")
	}
	return fields, err
}

// readJSON makes rows of the objects in an array, or of objects that follow each other.
func readJSON(t *text, o ReadOptions, yield yield) error {
	d := json.NewDecoder(t)
	d.UseNumber()
	var fields []Field
	inArray := false
	for {
		token, err := d.Token()
		line := t.row(d.InputOffset())
		switch {
		case errors.Is(err, io.EOF) && !inArray:
			return nil
		case err != nil:
			return inText(line, err)
		case token == json.Delim('[') && !inArray:
			inArray = true
			continue
		case token == json.Delim(']'):
			inArray = false
			continue
		}
		fields, err = readObject(d, token, nil, fields[:0], o.Drop)
		if err != nil {
			return inText(t.row(d.InputOffset()), err)
		}
		if err := yield(Row{line, fields}); err != nil {
			return err
		}
	}
}

// inText adds the line to an error of the JSON; that of the text has one.
func inText(line int, err error) error {
	var syntax *json.SyntaxError
	var shape ShapeError
	if errors.As(err, &syntax) || errors.As(err, &shape) || errors.Is(err, io.EOF) || errors.Is(err,
		io.ErrUnexpectedEOF) {
		remedy, reason := jsonError(err)
		return BadLine{line, line, onLine(line, reason), remedy}
	}
	return err
}

// jsonError says what is wrong with text that is no JSON, and what to do about it.
func jsonError(err error) (remedy string, reason error) {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return "want JSON, with texts and keys in double quotes: correct it, " +
			"or name another format with import.format", err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "is the file whole?", errors.New("the text ends inside of a value")
	}
	return "", err
}

// ShapeError is JSON that is well-formed and no row.
type ShapeError struct {
	error
	Column string // that cannot hold the value, or ""
}

func shape(format string, args ...any) error { return ShapeError{fmt.Errorf(format, args...), ""} }

const (
	maxDepth   = 16   // of objects inside of objects
	MaxColumns = 1000 // of a row: an object of more is none
)

// readObject appends the fields of an object, of which token is the first.
func readObject(d *json.Decoder, token json.Token, path []string, fields []Field, drop dropped) ([]Field, error) {
	if token != json.Delim('{') {
		return fields, shape("got %s, want an object such as {\"text\": \"...\"}", kindOf(token))
	}
	if len(path) == maxDepth {
		return fields, ShapeError{fmt.Errorf("objects are more than %d deep in %s", maxDepth, strings.Join(path,
			".")), path[0]}
	}
	first := len(fields)
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return fields, err
		}
		key, _ := token.(string) // the decoder accepts nothing else here
		at := append(slices.Clip(path), key)
		if len(fields) == MaxColumns {
			return fields, shape("an object has more than %d values, want one for each column of a row", MaxColumns)
		}
		if key == "" || slices.ContainsFunc(fields[first:], func(f Field) bool { return f.Path[len(path)] == key }) {
			return fields, shape("key %q is empty or there twice: rename it", strings.Join(at, "."))
		}
		if drop != nil && drop(at) {
			var value json.RawMessage
			if err := d.Decode(&value); err != nil {
				return fields, err
			}
			continue
		}
		if fields, err = readField(d, at, fields, drop); err != nil {
			return fields, err
		}
	}
	_, err := d.Token() // }
	return fields, err
}

func readField(d *json.Decoder, path []string, fields []Field, drop dropped) ([]Field, error) {
	token, err := d.Token()
	if err != nil {
		return fields, err
	}
	column := strings.Join(path, ".")
	switch token {
	case json.Delim('{'):
		return readObject(d, token, path, fields, drop)
	case json.Delim('['):
		list := Cell{Kind: List}
		for d.More() {
			item, err := d.Token()
			if err != nil {
				return fields, err
			}
			if _, nested := item.(json.Delim); nested {
				return fields, ShapeError{fmt.Errorf("%s is a list of %s, want a list of strings, numbers, or true "+
					"and false",
					column, kindOf(item)), column}
			}
			cell, err := scalar(item)
			if err != nil {
				return fields, ShapeError{fmt.Errorf("%s: %w", column, err), column}
			}
			list.Items = append(list.Items, cell)
		}
		_, err := d.Token() // ]
		return append(fields, Field{path, list}), err
	}
	cell, err := scalar(token)
	if err != nil {
		return fields, ShapeError{fmt.Errorf("%s: %w", column, err), column}
	}
	return append(fields, Field{path, cell}), nil
}

// Object is a JSON object by the names of its fields.
type Object map[string]json.RawMessage

// ReadObject reads a line of JSON lines.
func ReadObject(line []byte) (Object, error) {
	var o Object
	if err := json.Unmarshal(line, &o); err != nil || o == nil {
		return nil, fmt.Errorf("%.80q is no JSON object", line)
	}
	return o, nil
}

// Value returns the value of a column: of the field of that name, or for a path of names with dots between, of one
// inside of objects: translation.en in {"translation": {"en": "Hello."}}.
func (o Object) Value(column string) (raw json.RawMessage, ok bool) {
	if raw, ok = o[column]; ok {
		return raw, true
	}
	first, rest, dotted := strings.Cut(column, ".")
	var inner Object
	if raw, ok = o[first]; !dotted || !ok || json.Unmarshal(raw, &inner) != nil {
		return nil, false
	}
	return inner.Value(rest)
}

// Cells returns the cells of columns, which are those that [Read] has of a row of JSON lines. Other fields may hold
// anything.
func (o Object) Cells(columns []string) ([]Cell, error) {
	cells := make([]Cell, len(columns))
	for i, column := range columns {
		raw, ok := o.Value(column)
		if !ok {
			return nil, fmt.Errorf("a JSON object lacks the field %q: want the fields %q", column, columns)
		}
		var err error
		if cells[i], err = JSONCell(column, raw); err != nil {
			return nil, err
		}
	}
	return cells, nil
}

// JSONCell returns the cell of the value of a column, as a row of JSON lines has it. Lists may hold lists.
func JSONCell(column string, value json.RawMessage) (Cell, error) {
	var items []json.RawMessage
	if json.Unmarshal(value, &items) == nil && items != nil {
		list := Cell{Kind: List}
		for _, item := range items {
			cell, err := JSONCell(column, item)
			if err != nil {
				return Cell{}, err
			}
			list.Items = append(list.Items, cell)
		}
		return list, nil
	}
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	token, err := d.Token()
	if _, other := token.(json.Delim); err != nil || other {
		return Cell{}, shape("%s is an object, want a string, a number, true or false, or a list of them", column)
	}
	cell, err := scalar(token)
	if err != nil {
		return Cell{}, fmt.Errorf("%s: %w", column, err)
	}
	return cell, nil
}

// scalar returns the cell of a value that is no list and no object.
func scalar(token json.Token) (Cell, error) {
	switch v := token.(type) {
	case string:
		return stringCell(v), nil
	case bool:
		return Cell{Kind: Bool, Bool: v}, nil
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return Cell{Kind: Int, Int: i}, nil
		}
		f, err := v.Float64()
		if err != nil || !strings.ContainsAny(v.String(), ".eE") {
			return Cell{}, shape("number %s does not fit 64 bits: put it in quotes", v)
		}
		return Cell{Kind: Float, Float: f}, nil
	}
	return Cell{}, nil // null
}

func kindOf(token json.Token) string {
	switch v := token.(type) {
	case json.Delim:
		return map[json.Delim]string{'{': "an object", '[': "a list", '}': "}", ']': "]"}[v]
	case string:
		return "the string " + strconv.Quote(clip.Text(v, 40))
	case json.Number:
		return "the number " + v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return "null"
}

// looksLikeSQuAD reports whether JSON begins as SQuAD's does: an object that has paragraphs in it.
func looksLikeSQuAD(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) && bytes.Contains(head, []byte(`"paragraphs"`))
}
