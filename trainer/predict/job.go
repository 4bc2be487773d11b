package predict

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Job is what answers are made by: everything that decides about them, by name. Equal jobs give equal answers.
type Job map[string]string

// record is the content of OUTPUT.t5train.json.
type record struct {
	Job      Job         `json:"made_by"`
	Replaces bool        `json:"replaces,omitempty"` // what is at OUTPUT goes when all answers are there
	Complete *completion `json:"complete,omitempty"`
}

// completion tells a complete file.
type completion struct {
	Bytes     int64  `json:"bytes"`               // of OUTPUT
	Inputs    string `json:"inputs"`              // SHA-256 of the beginnings of all lines
	Converted bool   `json:"converted,omitempty"` // OUTPUT.ready became OUTPUT, not OUTPUT.part
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
