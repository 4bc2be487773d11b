package predict

import (
	"encoding/json"
	"fmt"
	"strings"

	"t5train/checkpoints"
	"t5train/data/table"
	"t5train/data/task"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/trainer/allreduce"
	"t5train/trainer/predict/inputfile"
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

// madeBy is what decides about answers besides the weights: a file of answers resumes only where it is the same. An
// option that changes answers has to be in it.
type madeBy struct {
	Task            task.Spec        `json:"task"`
	MaxInputLength  int              `json:"max_input_length"`
	MaxOutputLength int              `json:"max_output_length,omitempty"`
	Generation      generate.Options `json:"generation"`
	Keep            []inputfile.Keep `json:"keep,omitempty"` // columns of the input
	Top             int              `json:"top,omitempty"`  // labels
	MinConfidence   float64          `json:"min_confidence,omitempty"`
	Choices         string           `json:"choices,omitempty"` // digest of all that the output can be
	// Generation.LengthPenalty is 0, which flatten leaves out as one that is not set, and so 1.
	NoLengthPenalty bool `json:"no_length_penalty,omitempty"`
}

// madeBy returns what decides about the predictions of a file.
func (p *Predictor) madeBy(keep []inputfile.Keep) madeBy {
	made := madeBy{
		Task: p.spec, MaxInputLength: p.maxInput, MaxOutputLength: p.maxOutput, Generation: p.how,
		Keep: keep, MinConfidence: p.minConfidence, Choices: p.choices, NoLengthPenalty: p.noLengthPenalty,
	}
	if len(p.spec.Labels) > 0 {
		made.Top = FirstPositive(p.topLabels, DefaultTop)
	}
	return made
}

// onRanks is what ranks must have alike. The first one reads the inputs and writes the answers, but others are not
// meant to be given other ones.
type onRanks struct {
	madeBy
	Texts  []string     `json:"text"`
	Input  string       `json:"input"`
	Format table.Format `json:"input_format"`
	Output string       `json:"output"`
}

// JobOf names everything that decides about the answers of a command: the weights, and what else what has.
func JobOf(folder *checkpoints.Folder, command string, format table.Format, what any) (Job, error) {
	digest, err := folder.Digest()
	if err != nil {
		return nil, err
	}
	job := Job{"command": command, "format": string(format), "checkpoint": digest}
	if dtype := folder.Model.DType(); dtype == kernel.BFloat16.String() { // int8 shows in the digest
		job["dtype"] = dtype
	}
	raw, err := json.Marshal(what)
	if err == nil {
		err = flatten(job, "", raw)
	}
	if err != nil {
		return nil, fmt.Errorf("note the options: %w", err)
	}
	return job, nil
}

// SameOnRanks makes sure that all ranks have the same model, and the same of what decides about its answers besides.
func SameOnRanks(group *allreduce.Group, b *checkpoints.Folder, what any) error {
	if group.Size() == 1 {
		return nil // nothing is read for a digest
	}
	job, err := JobOf(b, "", "", what)
	if err := group.Agree(err); err != nil {
		return err
	}
	return group.Same(job)
}

// flatten notes the values of a JSON object by their paths, generation.Beams, without those that are off.
func flatten(job Job, path string, raw json.RawMessage) error {
	switch string(raw) {
	case "null", "0", "false", `""`, "{}":
		return nil
	}
	if raw[0] != '{' {
		job[path] = string(raw)
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	for name, value := range fields {
		if err := flatten(job, strings.TrimPrefix(path+"."+name, "."), value); err != nil {
			return err
		}
	}
	return nil
}
