package serve

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"t5train/internal/nearest"
	"t5train/internal/strictjson"
)

// object is a JSON object whose fields are asked for one by one. It keeps the first mistake, which finish returns.
// Unlike encoding/json it refuses a field that comes twice, in another case, unknown or null, and text that is not
// UTF-8.
type object struct {
	fields map[string]json.RawMessage
	asked  []string
	err    error // the first mistake
	absent error // the first one that is the absence of a field, which may be there under a misspelt name
}

// parseObject reads a body that is one JSON object.
func parseObject(body []byte) (*object, error) {
	o := &object{fields: make(map[string]json.RawMessage)}
	r, err := strictjson.NewReader(body)
	if err == nil {
		err = r.Object(func(name string) (err error) {
			o.fields[name], err = r.Raw()
			return err
		})
	}
	if err == nil {
		err = r.End()
	}
	var twice strictjson.TwiceError
	switch {
	case err == nil:
		return o, nil
	case errors.Is(err, strictjson.ErrUTF8):
		return nil, malformed("the body is not valid UTF-8: encode it so")
	case errors.Is(err, strictjson.ErrKind):
		return nil, malformed("the body is no JSON object: begin it with {")
	case errors.Is(err, strictjson.ErrMore):
		return nil, malformed("something follows the JSON object: send one object a request")
	case errors.As(err, &twice):
		return nil, malformed("the field %.80q stands there twice: leave one out", string(twice))
	}
	return nil, malformed("the body is no JSON: %v", err)
}

// finish returns the first mistake, else a field that nobody has asked for, else what is absent: {"input": ["a"]} lacks
// "inputs" because of its misspelling, and that is to be mended.
func (o *object) finish() error {
	return cmp.Or(o.err, o.unknown(), o.absent)
}

// unknown returns the mistake that a field is one that nobody has asked for, nil where there is none. One that is near
// a field that could be given comes first.
func (o *object) unknown() error {
	free := slices.DeleteFunc(slices.Clone(o.asked), o.has)
	var other error
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		if slices.Contains(o.asked, name) {
			continue
		}
		if near := nearest.Word(name, free); near != "" {
			return malformed("unknown field %.80q: did you mean %q?", name, near)
		}
		text := fmt.Sprintf("unknown field %.80q: want only %s", name, list(o.asked))
		if o.absent != nil {
			text += fmt.Sprintf("; %v", o.absent)
		}
		other = cmp.Or(other, error(malformed("%s", text)))
	}
	return other
}

func (o *object) fail(err error) { o.err = cmp.Or(o.err, err) }

// lack notes a mistake that is the absence of a field.
func (o *object) lack(err error) { o.absent = cmp.Or(o.absent, err) }

// value returns a field, nil where it is absent.
func (o *object) value(name string) json.RawMessage {
	o.asked = append(o.asked, name)
	return o.fields[name]
}

// has reports whether a field is there.
func (o *object) has(name string) bool { return o.fields[name] != nil }

// wrong says that a field is not what is wanted.
func (o *object) wrong(name string, got json.RawMessage, want string) {
	if string(got) == "null" {
		want += ", or no such field"
	}
	o.fail(malformed("%s is %.80s, want %s", name, got, want))
}

// text reads a string.
func (o *object) text(name string) (text string) {
	if raw := o.value(name); raw != nil && !isText(raw, &text) {
		o.wrong(name, raw, "a text in quotes")
	}
	return text
}

// boolean reads true or false; absent is otherwise.
func (o *object) boolean(name string, otherwise bool) bool {
	switch raw := o.value(name); string(raw) {
	case "":
	case "true":
		return true
	case "false":
		return false
	default:
		o.wrong(name, raw, "true or false")
	}
	return otherwise
}

// integer reads an integer from least to most; absent is otherwise.
func (o *object) integer(name string, otherwise, least, most int) int {
	raw := o.value(name)
	if raw == nil {
		return otherwise
	}
	n, err := strconv.Atoi(string(raw))
	switch {
	case err != nil:
		o.wrong(name, raw, "an integer")
	case n < least || n > most:
		o.fail(invalid("%s is %d, want %d to %d", name, n, least, most))
	}
	return n
}

// number reads a number, for which wanted returns "", or else what is wanted instead; absent is otherwise.
func (o *object) number(name string, otherwise float64, wanted func(float64) string) float64 {
	raw := o.value(name)
	if raw == nil {
		return otherwise
	}
	var x float64
	if json.Unmarshal(raw, &x) != nil || string(raw) == "null" {
		o.wrong(name, raw, "a number")
	} else if want := wanted(x); want != "" {
		o.fail(invalid("%s is %s, want %s", name, raw, want))
	}
	return x
}

// each calls f for the elements of a list, of which there must be 1 to most.
func (o *object) each(name string, most int, f func(i int, element json.RawMessage)) {
	raw := o.value(name)
	if raw == nil {
		return
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if start, err := dec.Token(); err != nil || start != json.Delim('[') {
		o.wrong(name, raw, "a list: [...]")
		return
	}
	n := 0
	for ; dec.More() && o.err == nil; n++ {
		if n == most {
			o.fail(invalid("%s has more than %d elements: send them in several requests", name, most))
			return
		}
		var element json.RawMessage
		if err := dec.Decode(&element); err != nil { // parseObject has read it once
			o.fail(malformed("%s: %v", name, err))
			return
		}
		f(n, element)
	}
	if n == 0 {
		o.fail(invalid("%s is an empty list, want at least one element", name))
	}
}

// texts reads a list of strings.
func (o *object) texts(name string, most int) (texts []string) {
	o.each(name, most, func(i int, element json.RawMessage) {
		var text string
		if !isText(element, &text) {
			o.wrong(fmt.Sprintf("%s[%d]", name, i), element, "a text in quotes")
		}
		texts = append(texts, text)
	})
	return texts
}

func isText(raw json.RawMessage, text *string) bool {
	return raw[0] == '"' && json.Unmarshal(raw, text) == nil
}

// require reports that a field is missing.
func (o *object) require(name string) {
	if !o.has(name) {
		o.lack(malformed("the field %q is missing", name))
	}
}

// list returns names in quotes, separated by commas.
func list(names []string) string {
	var b []byte
	for i, name := range names {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendQuote(b, name)
	}
	return string(b)
}
