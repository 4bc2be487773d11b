package parquetio

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// classLabels reads the names of the ClassLabel columns from the `huggingface` entry of a file's metadata, as the
// datasets library writes it:
//
//	{"info": {"features": {"label": {"_type": "ClassLabel", "names": ["ham", "spam"]}, ...}}}
//
// Old files have names as an object: {"0": "ham", "1": "spam"}.
func classLabels(metadata string) (map[string][]string, error) {
	var doc struct {
		Info struct {
			Features map[string]json.RawMessage `json:"features"`
		} `json:"info"`
	}
	if err := json.Unmarshal([]byte(metadata), &doc); err != nil {
		return nil, fmt.Errorf("read the schema's huggingface metadata: %w", err)
	}
	labels := map[string][]string{}
	for column, raw := range doc.Info.Features {
		var feature struct {
			Type  string          `json:"_type"`
			Names json.RawMessage `json:"names"`
		}
		// A list feature may be an array or nest deeper: whatever has no _type is no class label.
		if json.Unmarshal(raw, &feature) != nil || feature.Type != "ClassLabel" {
			continue
		}
		names, err := labelNames(feature.Names)
		if err != nil {
			return nil, fmt.Errorf("read the class names of column %s in the schema's huggingface metadata: %w", column, err)
		}
		labels[column] = names
	}
	return labels, nil
}

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
