package gguf

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"

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
			p.Line("key", "%s: %s values", kv.Key, ui.Grouped(v.Len()))
		} else {
			p.Line("key", "%s: %v", kv.Key, kv.Value)
		}
	}
	for _, t := range f.Tensors {
		p.Line("tensor", "%s: %s %v", t.Name, t.Type, t.Shape)
	}
	return nil
}
