package configs

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// YAML writes the configuration as a file that [Load] reads back to an equal one: every key that is set, in the order
// of [Config], each with the first sentence of its documentation. Keys that are unset are left out.
func (c *Config) YAML() ([]byte, error) {
	docs := parseDocs()
	root := &yaml.Node{Kind: yaml.MappingNode}
	sections := map[reflect.Type]*yaml.Node{reflect.TypeFor[Config](): root}
	for _, f := range fields() {
		v, ok := f.value(c)
		if !ok || f.unset(v) || f.foreign(c.kind()) {
			continue
		}
		section, key, dotted := strings.Cut(f.path, ".")
		if !dotted {
			key = section
		}
		under := sections[f.owner]
		if under == nil {
			under = &yaml.Node{Kind: yaml.MappingNode}
			sections[f.owner] = under
			name := scalar(section)
			name.HeadComment = "\n" + docs.section(f)
			root.Content = append(root.Content, name, under)
		}
		value, err := node(v)
		if err != nil {
			return nil, fmt.Errorf("write config: %s: %w", f.path, err)
		}
		value.LineComment = firstSentence(docs.field(f))
		under.Content = append(under.Content, scalar(key), value)
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("write config: %w", err)
	}
	return b.Bytes(), nil
}

// MarshalYAML writes the keys of a component that are set.
func (p Component) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for f, v := range setKeys(componentFields(), p) {
		value, err := node(v)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, scalar(f.path), value)
	}
	return n, nil
}

// Value is one key that is set.
type Value struct{ Key, Text string } // train.batch_size, 32

// Values returns every key that is set and its value as YAML, in the order of [Config].
func (c *Config) Values() []Value {
	var values []Value
	for _, f := range fields() {
		if v, ok := f.value(c); ok && !f.unset(v) && !f.foreign(c.kind()) {
			values = append(values, Value{f.path, inline(v)})
		}
	}
	return values
}

// Entry is an entry of data.mixture.
type Entry struct {
	Name   string
	Values []Value // of its other keys, in the order of their names
}

// Entries reads the text that Values has for data.mixture. A key that this version does not know stays one.
func Entries(text string) ([]Entry, error) {
	var nodes []map[string]yaml.Node
	if err := yaml.Unmarshal([]byte(text), &nodes); err != nil {
		return nil, fmt.Errorf("read data.mixture: %w", err)
	}
	entries := make([]Entry, len(nodes))
	for i, keys := range nodes {
		entries[i].Name = keys["name"].Value
		delete(keys, "name")
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			value := keys[key]
			entries[i].Values = append(entries[i].Values, Value{currentComponentKey(key),
				inline(reflect.ValueOf(&value))})
		}
	}
	return entries, nil
}

func scalar(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

// node makes the YAML of a value; a list stands on one line.
func node(v reflect.Value) (*yaml.Node, error) {
	n := &yaml.Node{}
	if err := n.Encode(v.Interface()); err != nil {
		return nil, err
	}
	if n.Kind == yaml.SequenceNode {
		n.Style = yaml.FlowStyle
	}
	return n, nil
}

// inline writes a value as it stands after its key, on one line.
func inline(v reflect.Value) string {
	n, err := node(v)
	if err != nil {
		return fmt.Sprint(v.Interface())
	}
	text, err := yaml.Marshal(n)
	if err != nil {
		return fmt.Sprint(v.Interface())
	}
	return strings.TrimSpace(string(text))
}

func firstSentence(doc string) string {
	sentence, _, _ := strings.Cut(doc, ". ")
	return strings.TrimSuffix(sentence, ".")
}
