package answers

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Job is what answers are made by: everything that decides about them, by name. Equal jobs give equal answers.
type Job map[string]string

// difference describes the names whose values differ.
func (j Job) difference(other Job) []string {
	names := slices.Concat(slices.Collect(maps.Keys(j)), slices.Collect(maps.Keys(other)))
	slices.Sort(names)
	var changes []string
	for _, name := range slices.Compact(names) {
		if j[name] != other[name] {
			changes = append(changes, fmt.Sprintf("%s: %s -> %s", name, cmp.Or(j[name], "unset"), cmp.Or(other[name], "unset")))
		}
	}
	return changes
}

// record is the content of OUTPUT.t5train.json.
type record struct {
	Job      Job         `json:"made_by"`
	Complete *completion `json:"complete,omitempty"`
}

// completion tells a complete file.
type completion struct {
	Bytes  int64  `json:"bytes"`  // of OUTPUT
	Inputs string `json:"inputs"` // SHA-256 of the beginnings of all lines
}

func (r record) file() ([]byte, error) {
	raw, err := json.MarshalIndent(r, "", "  ")
	return append(raw, '\n'), err
}

func parseRecord(raw []byte) (record, error) {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	var r record
	if err := d.Decode(&r); err != nil {
		return record{}, err
	}
	if r.Job == nil || d.More() {
		return record{}, fmt.Errorf("got %.80q, want an object with made_by", raw)
	}
	return r, nil
}
