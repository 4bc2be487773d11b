package gguf

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"

	"t5train/internal/ui"
)

// Describe says how large the file at path is and how many tensors of each type it has, and, if all, what keys and
// tensors.
func Describe(p ui.Lines, path string, all bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	f, err := Read(file, info.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	p.Line("file", "%s: GGUF, %s", path, ui.Bytes(info.Size()))
	types := map[Type]int{}
	for _, t := range f.Tensors {
		types[t.Type]++
	}
	for _, t := range slices.Sorted(maps.Keys(types)) {
		p.Line("stored", "%s: %d tensors", t, types[t])
	}
	if !all {
		return nil
	}
	for _, kv := range f.Keys {
		if v := reflect.ValueOf(kv.Value); v.Kind() == reflect.Slice {
			p.Line("key", "%s: %s values", shown(kv.Key), ui.Grouped(v.Len()))
		} else {
			p.Line("key", "%s: %s", shown(kv.Key), shown(fmt.Sprint(kv.Value)))
		}
	}
	for _, t := range f.Tensors {
		p.Line("tensor", "%s: %s %v", shown(t.Name), t.Type, t.Shape)
	}
	return nil
}

// shown returns a text of a file as a terminal may have it: in quotes where it is long or not plain.
func shown(text string) string {
	if quoted := strconv.Quote(text); len(text) > 80 || quoted != `"`+text+`"` {
		return fmt.Sprintf("%.80q", text)
	}
	return text
}
