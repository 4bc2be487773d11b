package configs

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"t5train/internal/nearest"
)

// decode turns a YAML value into a Go value of exactly the field's type, or says what is wrong with it. Nothing is
// converted: a number is no text, 10.7 and 10.0 are no integers, "true" in quotes is no bool. Null is unset, where
// the key can be.
func (f field) decode(n *yaml.Node) (value any, wrong string) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return nil, "got an alias or anchor, want " + f.want() + ": write the value out"
	}
	if n.ShortTag() == "!!null" && n.Kind == yaml.ScalarNode {
		if f.optional() || f.kind() == reflect.Slice || f.isText() && len(f.oneof) == 0 {
			return reflect.Zero(f.typ).Interface(), ""
		}
		return nil, "got nothing, want " + f.want()
	}
	if f.typ == reflect.TypeFor[[]Component]() {
		return f.decodeComponents(n)
	}
	if f.kind() == reflect.Slice {
		return f.decodeList(n)
	}
	v := reflect.New(f.base()) // a pointer: what an optional key holds
	if !f.decodeScalar(n, v.Elem()) {
		return nil, f.mismatch(n)
	}
	if !f.optional() {
		v = v.Elem()
	}
	return v.Interface(), ""
}

func (f field) decodeScalar(n *yaml.Node, v reflect.Value) bool {
	if n.Kind != yaml.ScalarNode {
		return false
	}
	tag := n.ShortTag()
	switch f.kind() {
	case reflect.Int:
		// Base 10 only: YAML 1.1 would read 010 as 8.
		i, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 10, 0)
		v.SetInt(i)
		return tag == "!!int" && err == nil
	case reflect.Float64:
		x, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64)
		v.SetFloat(x)
		return (tag == "!!float" || tag == "!!int") && err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
	case reflect.Bool:
		v.SetBool(strings.EqualFold(n.Value, "true"))
		return tag == "!!bool"
	default:
		v.SetString(n.Value)
		return tag == "!!str"
	}
}

func (f field) decodeList(n *yaml.Node) (value any, wrong string) {
	if n.Kind != yaml.SequenceNode {
		wrong = f.mismatch(n)
		if n.Kind == yaml.ScalarNode {
			wrong += ": write [" + n.Value + "]"
		}
		return nil, wrong
	}
	var list []string // nil when empty, so that unset and [] are one thing
	for i, item := range n.Content {
		if item.Kind != yaml.ScalarNode || item.ShortTag() != "!!str" || item.Anchor != "" {
			wrong = fmt.Sprintf("got %s as number %d, want %s", describe(item), i+1, f.want())
			if item.Kind == yaml.ScalarNode {
				wrong += fmt.Sprintf(": put it in quotes, %q", item.Value)
			}
			return nil, wrong
		}
		list = append(list, item.Value)
	}
	return list, ""
}

// decodeComponents reads the entries of a mixture. Each is as strict as a section is, and all mistakes are told at
// once.
func (f field) decodeComponents(n *yaml.Node) (value any, wrong string) {
	if n.Kind != yaml.SequenceNode {
		return nil, f.mismatch(n)
	}
	var components []Component
	var mistakes, outside []string
	for i, item := range n.Content {
		entry := fmt.Sprintf("entry %d: ", i+1)
		one, wrongs, values := decodeComponent(entry, item)
		components, mistakes, outside = append(components, one), append(mistakes, wrongs...), append(outside, values...)
	}
	if len(mistakes) > 0 { // nothing more is checked then
		mistakes = append(mistakes, outside...)
	}
	if more := len(mistakes) - maxProblems; more > 0 {
		mistakes = append(mistakes[:maxProblems], fmt.Sprintf("and %d more", more))
	}
	return components, strings.Join(mistakes, "; ")
}

// decodeComponent reads an entry, which messages begin with. wrongs is what is no entry, and values what is none that
// its key may have.
func decodeComponent(entry string, n *yaml.Node) (p Component, wrongs, values []string) {
	if n.Kind != yaml.MappingNode || n.Anchor != "" {
		wrong := "got " + describe(n) + ", want keys such as {name: books, train: [books.parquet]}"
		return p, []string{entry + wrong}, nil
	}
	fields := componentFields()
	var names []string
	for _, f := range fields {
		names = append(names, f.path)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		at := slices.Index(names, currentComponentKey(key))
		bad := func(text string) { wrongs = append(wrongs, entry+plain(key)+": "+text) }
		switch {
		case at < 0:
			hint := "the keys are " + strings.Join(names, ", ")
			bad("unknown key: " + cmp.Or(nearest.DidYouMean(key, names, ""), hint))
		case seen[names[at]]:
			bad("given twice: keep one")
		default:
			f := fields[at]
			seen[f.path] = true
			value, wrong := f.decode(n.Content[i+1])
			if wrong != "" {
				bad(wrong)
				break
			}
			reflect.ValueOf(&p).Elem().FieldByIndex(f.index).Set(reflect.ValueOf(value))
			if v, ok := f.valueIn(reflect.ValueOf(p)); ok {
				if wrong := f.check(v); wrong != "" {
					values = append(values, entry+plain(key)+": "+wrong)
				}
			}
		}
	}
	return p, wrongs, values
}

// mismatch says that a value has the wrong type.
func (f field) mismatch(n *yaml.Node) string {
	text := "got " + describe(n) + ", want " + f.want()
	switch {
	case n.Kind != yaml.ScalarNode:
	case n.ShortTag() == "!!binary":
		text = "got bytes that are no UTF-8, want " + f.want()
	case f.isText():
		text += ": put it in quotes"
	case f.kind() != reflect.Slice && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		text += ": remove the quotes"
	}
	return text
}

// isText reports whether the key holds one text.
func (f field) isText() bool { return f.kind() == reflect.String }

// isColumn reports whether the key names columns of the data.
func (f field) isColumn() bool { return f.unit == "column name" || f.unit == "column names" }

// describe writes a YAML value for a message: text in quotes, anything else as it stands.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a section"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!str":
		return quote(n.Value) + " (text)"
	default:
		return plain(n.Value)
	}
}
