package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Reader is a type that reads a field of its own.
type Reader interface {
	ReadField(o *Object, name string, most int)
}

// Read fills a struct with the fields that its tags name:
//
//	Inputs []string `json:"inputs"`           // must be there, unlike those with omitempty
//	Top    *int     `json:"top,omitempty" range:"1 to 20"` // nil where it is absent
//
// Its types are texts, switches, numbers, lists of texts, raw JSON, pointers to those, structs and lists of them, and
// Readers. A list may have most elements. The same struct describes the request in /openapi.json.
func (o *Object) Read(into any, most int) {
	v := reflect.ValueOf(into).Elem()
	for _, f := range reflect.VisibleFields(v.Type()) {
		if f.Anonymous {
			continue // its fields are among those that are visible
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		o.read(v.FieldByIndex(f.Index).Addr(), name, f.Tag.Get("range"), most)
		if options != "omitempty" {
			o.Require(name)
		}
	}
}

// read reads one field into a value that at points to.
func (o *Object) read(at reflect.Value, name, bounds string, most int) {
	if r, ok := at.Interface().(Reader); ok {
		r.ReadField(o, name, most)
		return
	}
	if to := at.Elem(); to.Kind() == reflect.Pointer {
		if o.Has(name) {
			to.Set(reflect.New(to.Type().Elem()))
			o.read(to, name, bounds, most)
			return
		}
		o.Value(name) // asked for
		return
	}
	if elements := reflect.TypeFor[*[]json.RawMessage](); at.CanConvert(elements) {
		at = at.Convert(elements)
	}
	switch to := at.Interface().(type) {
	case *string:
		*to = o.Text(name)
	case *bool:
		*to = o.Boolean(name, *to)
	case *int:
		least, most := Bounds(bounds)
		*to = o.Integer(name, *to, int(least), int(most))
	case *float64:
		least, most := Bounds(bounds)
		*to = o.Number(name, *to, func(x float64) string {
			if x < least || x > most {
				return fmt.Sprintf("%g to %g", least, most)
			}
			return ""
		})
	case *json.RawMessage:
		*to = o.Value(name)
	case *[]string:
		*to = o.Texts(name, most)
	case *[]json.RawMessage:
		o.Each(name, most, func(_ int, element json.RawMessage) { *to = append(*to, element) })
	default:
		switch to := at.Elem(); {
		case to.Kind() == reflect.Struct:
			if raw := o.Value(name); raw != nil {
				o.nested(name, raw, at.Interface(), most)
			}
		case to.Kind() == reflect.Slice && to.Type().Elem().Kind() == reflect.Struct:
			o.Each(name, most, func(i int, element json.RawMessage) {
				one := reflect.New(to.Type().Elem())
				o.nested(fmt.Sprintf("%s[%d]", name, i), element, one.Interface(), most)
				to.Set(reflect.Append(to, one.Elem()))
			})
		default:
			panic(fmt.Sprintf("request: field %s has type %T, which Read does not know", name, to.Interface()))
		}
	}
}

// nested reads an object in a field.
func (o *Object) nested(name string, raw json.RawMessage, into any, most int) {
	if raw[0] != '{' {
		o.Wrong(name, raw, "an object: {...}")
		return
	}
	inner, err := Parse(raw)
	if err == nil {
		if o.lenient {
			inner.Lenient()
		}
		inner.Read(into, most)
		err = inner.Finish()
	}
	if p := (*Problem)(nil); errors.As(err, &p) {
		field := name
		if p.Field != "" {
			field += "." + p.Field
		}
		o.Fail(New(p.Status, p.Code, "%s: %s", name, p.Message).Of(field))
	}
}

// Bounds reads a tag such as "0 to 2".
func Bounds(tag string) (least, most float64) {
	least, most = 0, 1<<53 // what every reader of JSON keeps exactly
	if tag != "" {
		if _, err := fmt.Sscanf(tag, "%g to %g", &least, &most); err != nil {
			panic(fmt.Sprintf("request: the range %q: %v", tag, err))
		}
	}
	return least, most
}

// Texts is a text or a list of texts.
type Texts struct {
	List []string
	Many bool // it was a list
}

// ReadField implements Reader.
func (t *Texts) ReadField(o *Object, name string, most int) {
	var text string
	switch raw := o.Value(name); {
	case raw == nil:
	case IsText(raw, &text):
		t.List = []string{text}
	case raw[0] == '[':
		t.List, t.Many = o.Texts(name, most), true
	default:
		o.Wrong(name, raw, "a text in quotes, or a list of them")
	}
}

// MarshalJSON writes what ReadField reads.
func (t Texts) MarshalJSON() ([]byte, error) {
	if !t.Many && len(t.List) == 1 {
		return json.Marshal(t.List[0])
	}
	return json.Marshal(t.List)
}

// JSONSchema describes it.
func (Texts) JSONSchema() map[string]any {
	text := map[string]any{"type": "string"}
	return map[string]any{"oneOf": []any{text, map[string]any{"type": "array", "items": text, "minItems": 1}}}
}

// Lists are lists of texts, of which only the first counts where there is one text.
type Lists struct {
	Of   [][]string
	Many bool // there is a list of them
}

// MarshalJSON writes a list for each text, or that of the only one.
func (l Lists) MarshalJSON() ([]byte, error) {
	if !l.Many && len(l.Of) == 1 {
		return json.Marshal(l.Of[0])
	}
	return json.Marshal(l.Of)
}

// JSONSchema describes it.
func (Lists) JSONSchema() map[string]any {
	texts := map[string]any{"type": "array", "items": map[string]any{"type": "string"}}
	return map[string]any{"anyOf": []any{texts, map[string]any{"type": "array", "items": texts}}}
}

// MaxStop is the number of texts that a Stop may have.
const MaxStop = 4

// Stop are texts that end an output: one, or a list of up to MaxStop, which may be empty.
type Stop struct{ List []string }

// ReadField implements Reader.
func (s *Stop) ReadField(o *Object, name string, _ int) {
	if raw := o.Value(name); raw != nil && raw[0] == '[' && len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0 {
		return
	}
	var texts Texts
	texts.ReadField(o, name, MaxStop+1)
	s.List = texts.List
	if len(s.List) > MaxStop || slices.Contains(s.List, "") {
		o.Refuse(name, "has %d texts, want at most %d, and none that is empty", len(s.List), MaxStop)
	}
}

// JSONSchema describes it.
func (Stop) JSONSchema() map[string]any {
	text := map[string]any{"type": "string", "minLength": 1}
	return map[string]any{"oneOf": []any{text, map[string]any{"type": "array", "items": text, "maxItems": MaxStop}}}
}
