package parquetio

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// classLabels reads the names of the ClassLabel columns from the `huggingface` entry of a file's metadata, as the
// datasets library writes it:
//
//	{"info": {"features": {"label": {"_type": "ClassLabel", "names": ["ham", "spam"]}, ...}}}
//
// The key of the result is the column's path, as in [table.Column]. With an error, it has the names that can be read.
func classLabels(metadata string) (map[string][]string, error) {
	var doc struct {
		Info struct {
			Features map[string]json.RawMessage `json:"features"`
		} `json:"info"`
	}
	if err := json.Unmarshal([]byte(metadata), &doc); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			err = fmt.Errorf("%s is a JSON %s, want an object", cmp.Or(kind.Field, "it"), kind.Value)
		}
		return nil, err
	}
	labels := map[string][]string{}
	var first error
	for _, column := range slices.Sorted(maps.Keys(doc.Info.Features)) {
		first = cmp.Or(first, featureLabels(labels, column, doc.Info.Features[column], 0))
	}
	return labels, first
}

// featureLabels adds the class names of one feature and of those inside of it:
//
//	{"_type": "List", "feature": {...}}   also LargeList, and the older Sequence
//	[{...}]                               a list, as the oldest files have it
//	{"en": {...}, "de": {...}}            a struct
func featureLabels(labels map[string][]string, path string, raw json.RawMessage, depth int) error {
	if depth > maxSchemaDepth {
		return nil // no column lies so deep
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
		return featureLabels(labels, path, list[0], depth+1)
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return nil
	}
	var kind string
	if json.Unmarshal(fields["_type"], &kind) != nil { // a struct, whose field may even be called _type
		for name, field := range fields {
			if err := featureLabels(labels, path+"."+name, field, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	switch kind {
	case "List", "LargeList", "Sequence":
		return featureLabels(labels, path, fields["feature"], depth+1)
	case "ClassLabel":
		names, err := labelNames(fields["names"])
		if err != nil {
			return fmt.Errorf("the class names of column %s: %w", path, err)
		}
		labels[path] = names
	}
	return nil
}

// labelNames reads names as a list or, in old files, as an object: {"0": "ham", "1": "spam"}.
func labelNames(raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil // ClassLabel(num_classes=...) without names
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list, nil
	}
	var byIndex map[string]string
	if err := json.Unmarshal(raw, &byIndex); err != nil {
		return nil, fmt.Errorf(`got %.80s, want a list or an object {"0": name, ...}`, raw)
	}
	list = make([]string, len(byIndex))
	for i := range list {
		name, ok := byIndex[strconv.Itoa(i)]
		if !ok {
			return nil, fmt.Errorf("%d names, but none for class %d", len(byIndex), i)
		}
		list[i] = name
	}
	return list, nil
}
