package peft

import (
	"bytes"
	"encoding/json"
	"slices"
)

// alphas are lora_alpha of modules by regular expressions, in the order of the file: where two match, peft takes the
// first.
type alphas []alphaOf

type alphaOf struct {
	pattern string
	alpha   float64
}

// UnmarshalJSON reads an object. As in Python, a key that comes twice keeps its place and has the last value.
func (a *alphas) UnmarshalJSON(raw []byte) error {
	var values map[string]float64
	if err := json.Unmarshal(raw, &values); err != nil {
		return err
	}
	*a = nil
	if values == nil {
		return nil // null
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil { // the brace
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value float64
		if err := d.Decode(&value); err != nil {
			return err
		}
		pattern, _ := key.(string)
		if !slices.ContainsFunc(*a, func(o alphaOf) bool { return o.pattern == pattern }) {
			*a = append(*a, alphaOf{pattern, values[pattern]})
		}
	}
	return nil
}

// MarshalJSON writes an object with its keys in order.
func (a alphas) MarshalJSON() ([]byte, error) {
	out := []byte("{")
	for i, o := range a {
		if i > 0 {
			out = append(out, ',')
		}
		key, err := json.Marshal(o.pattern)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(o.alpha)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}
