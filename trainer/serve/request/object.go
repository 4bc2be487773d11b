package request

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"

	"t5train/internal/nearest"
	"t5train/internal/strictjson"
)

// Object is a JSON object whose fields are asked for one by one. It keeps the first mistake, which Finish returns.
// Unlike encoding/json it refuses a field that comes twice, in another case, unknown or null, and text that is not
// UTF-8.
type Object struct {
	fields  map[string]json.RawMessage
	names   map[string]string // of fields in messages, where the client knows them by other ones
	asked   []string
	lenient bool
	form    bool  // values are texts, whatever they stand for
	err     error // the first mistake
	absent  error // the first one that is the absence of a field, which may be there under a misspelt name
}

// Parse reads a body that is one JSON object.
func Parse(body []byte) (*Object, error) {
	o := &Object{fields: make(map[string]json.RawMessage)}
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
		return nil, Malformed("the body is not valid UTF-8: encode it so")
	case errors.Is(err, strictjson.ErrKind):
		return nil, Malformed("the body is not a JSON object: begin it with {")
	case errors.Is(err, strictjson.ErrMore):
		return nil, Malformed("something follows the JSON object: send one object a request")
	case errors.As(err, &twice):
		return nil, Malformed("the field %.80q is given twice: leave one out", string(twice))
	}
	return nil, Malformed("the body is not JSON: %v: send one JSON object", err)
}

// ParseForm reads a body that is a form, as browsers encode it. All its values are texts; where a number or a switch is
// wanted, the text has to be one.
func ParseForm(body []byte) (*Object, error) {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, Malformed("the body is not a form: %v: encode it as application/x-www-form-urlencoded", err)
	}
	o := &Object{fields: make(map[string]json.RawMessage), form: true}
	for name, texts := range values {
		switch {
		case len(texts) > 1:
			return nil, Malformed("the field %.80q is given twice: leave one out", name)
		case !utf8.ValidString(name + texts[0]):
			return nil, Malformed("the body is not valid UTF-8: encode it so")
		}
		if o.fields[name], err = json.Marshal(texts[0]); err != nil {
			return nil, Malformed("the body is not a form: %v: encode it as application/x-www-form-urlencoded", err)
		}
	}
	return o, nil
}

// Renamed returns an object with some fields of o under other names: those of the map, each with the name that o has
// it under. Messages have the names of o. Whether they are all that there are is for o to say.
func (o *Object) Renamed(names map[string]string) *Object {
	r := &Object{fields: make(map[string]json.RawMessage), names: names, form: o.form}
	for name, theirs := range names {
		if raw := o.Value(theirs); raw != nil {
			r.fields[name] = raw
		}
	}
	return r
}

// Inner returns the object in a field, an empty one where it is absent or wrong.
func (o *Object) Inner(name string) *Object {
	inner := &Object{fields: make(map[string]json.RawMessage)}
	switch raw := o.Value(name); {
	case raw == nil:
	case raw[0] != '{':
		o.Wrong(name, raw, "an object: {...}")
	default:
		parsed, err := Parse(raw)
		if err != nil {
			o.Fail(err)
			break
		}
		if inner = parsed; o.lenient {
			inner.Lenient()
		}
	}
	return inner
}

// Set puts in a field that the client has not sent.
func (o *Object) Set(name, raw string) { o.fields[name] = json.RawMessage(raw) }

// Unset removes fields.
func (o *Object) Unset(names ...string) {
	for _, name := range names {
		delete(o.fields, name)
	}
}

// Lenient lets fields pass that nobody asks for, and takes one that is null for absent.
func (o *Object) Lenient() {
	o.lenient = true
	maps.DeleteFunc(o.fields, func(_ string, raw json.RawMessage) bool { return string(raw) == "null" })
}

// Fields returns all fields as they were written.
func (o *Object) Fields() map[string]json.RawMessage { return o.fields }

// Failed reports whether there is a mistake other than the absence of a field.
func (o *Object) Failed() bool { return o.err != nil }

// shown is the name by which the client knows a field.
func (o *Object) shown(name string) string { return cmp.Or(o.names[name], name) }

// Finish returns the first mistake, else a field that nobody has asked for, else what is absent: {"input": ["a"]} lacks
// "inputs" because of its misspelling, and that is to be mended.
func (o *Object) Finish() error {
	return cmp.Or(o.err, o.unknown(), o.absent)
}

// unknown returns the mistake that a field is one that nobody has asked for, nil where there is none. One that is near
// a field that could be given comes first.
func (o *Object) unknown() error {
	if o.lenient {
		return nil
	}
	free := slices.DeleteFunc(slices.Clone(o.asked), o.Has)
	var other error
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		if slices.Contains(o.asked, name) {
			continue
		}
		if near := nearest.Word(name, free); near != "" {
			return Malformed("unknown field %.80q: did you mean %q?", name, near)
		}
		text := fmt.Sprintf("unknown field %.80q: want only %s", name, List(o.asked))
		if o.absent != nil {
			text += fmt.Sprintf("; %v", o.absent)
		}
		other = cmp.Or(other, error(Malformed("%s", text)))
	}
	return other
}

// Fail notes a mistake.
func (o *Object) Fail(err error) { o.err = cmp.Or(o.err, err) }

// Lack notes a mistake that is the absence of a field.
func (o *Object) Lack(err error) { o.absent = cmp.Or(o.absent, err) }

// Value returns a field, nil where it is absent.
func (o *Object) Value(name string) json.RawMessage {
	o.asked = append(o.asked, name)
	return o.fields[name]
}

// Has reports whether a field is there.
func (o *Object) Has(name string) bool { return o.fields[name] != nil }

// Wrong says that a field is not what is wanted.
func (o *Object) Wrong(name string, got json.RawMessage, want string) {
	if string(got) == "null" {
		want += ", or no such field"
	}
	p := Malformed("%s is %.80s, want %s", o.shown(name), got, want)
	p.Field = o.shown(name)
	o.Fail(p)
}

// Refuse says that a field asks for what cannot be.
func (o *Object) Refuse(name, format string, args ...any) {
	p := Invalid(o.shown(name)+" "+format, args...)
	p.Field = o.shown(name)
	o.Fail(p)
}

// RefuseUnknown says that a field would change the answer, that the server cannot heed it, and what else to do.
func (o *Object) RefuseUnknown(name, remedy string) {
	o.Refuse(name, "is not supported: leave it out, or %s", remedy)
}

// plain returns a field that is no text as JSON has it.
func (o *Object) plain(name string) json.RawMessage {
	raw := o.Value(name)
	var text string
	if o.form && raw != nil && IsText(raw, &text) {
		return json.RawMessage(text)
	}
	return raw
}

// Text reads a string.
func (o *Object) Text(name string) (text string) {
	if raw := o.Value(name); raw != nil && !IsText(raw, &text) {
		o.Wrong(name, raw, "a text in quotes")
	}
	return text
}

// Boolean reads true or false; absent is otherwise.
func (o *Object) Boolean(name string, otherwise bool) bool {
	switch raw := o.plain(name); string(raw) {
	case "":
	case "true":
		return true
	case "false":
		return false
	default:
		o.Wrong(name, raw, "true or false")
	}
	return otherwise
}

// Integer reads an integer from least to most; absent is otherwise.
func (o *Object) Integer(name string, otherwise, least, most int) int {
	raw := o.plain(name)
	if raw == nil {
		return otherwise
	}
	n, err := strconv.Atoi(string(raw))
	switch {
	case err != nil:
		o.Wrong(name, raw, "an integer")
	case n < least || n > most:
		o.Refuse(name, "is %d, want %d to %d", n, least, most)
	}
	return n
}

// Number reads a number, for which wanted returns "", or else what is wanted instead; absent is otherwise.
func (o *Object) Number(name string, otherwise float64, wanted func(float64) string) float64 {
	raw := o.plain(name)
	if raw == nil {
		return otherwise
	}
	var x float64
	if json.Unmarshal(raw, &x) != nil || string(raw) == "null" {
		o.Wrong(name, raw, "a number")
	} else if want := wanted(x); want != "" {
		o.Refuse(name, "is %s, want %s", raw, want)
	}
	return x
}

// Each calls f for the elements of a list, of which there must be 1 to most.
func (o *Object) Each(name string, most int, f func(i int, element json.RawMessage)) {
	raw := o.Value(name)
	if raw == nil {
		return
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if start, err := dec.Token(); err != nil || start != json.Delim('[') {
		o.Wrong(name, raw, "a list: [...]")
		return
	}
	n := 0
	for ; dec.More() && o.err == nil; n++ {
		if n == most {
			o.Refuse(name, "has more than %d elements: send them in several requests", most)
			return
		}
		var element json.RawMessage
		if err := dec.Decode(&element); err != nil { // Parse has read it once
			o.Fail(Malformed("%s: %v", name, err))
			return
		}
		f(n, element)
	}
	if n == 0 {
		o.Refuse(name, "is an empty list, want at least one element")
	}
}

// Texts reads a list of strings.
func (o *Object) Texts(name string, most int) (texts []string) {
	o.Each(name, most, func(i int, element json.RawMessage) {
		var text string
		if !IsText(element, &text) {
			o.Wrong(fmt.Sprintf("%s[%d]", name, i), element, "a text in quotes")
		}
		texts = append(texts, text)
	})
	return texts
}

// IsText reads a string, if a value is one.
func IsText(raw json.RawMessage, text *string) bool {
	return raw[0] == '"' && json.Unmarshal(raw, text) == nil
}

// Require reports that a field is missing.
func (o *Object) Require(name string) {
	if !o.Has(name) {
		o.Lack(Malformed("the field %q is missing", name))
	}
}

// List returns names in quotes, separated by commas.
func List(names []string) string {
	var b []byte
	for i, name := range names {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendQuote(b, name)
	}
	return string(b)
}
