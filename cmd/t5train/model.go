package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/data/task"
	"t5train/internal/ui"
	"t5train/model/generate"
	"t5train/trainer/allreduce"
	"t5train/trainer/predict"
)

// openedModel is a checkpoint that answers.
type openedModel struct {
	dir    string
	bundle *checkpoints.Folder
}

// modelFlags name a checkpoint that answers.
type modelFlags struct {
	checkpoint string
	noVerify   bool
}

func (f *modelFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.checkpoint, "checkpoint", "", "checkpoint, run or Hugging Face folder")
	addNoVerify(c, &f.noVerify)
}

// addNoVerify adds the flag of all commands that read weights.
func addNoVerify(c *cobra.Command, noVerify *bool) {
	c.Flags().BoolVar(noVerify, "no-verify", false, "take weights as they are, whatever their checksums say, NaN and infinities included")
}

func (f *modelFlags) open(console ui.Sink) (openedModel, error) {
	path, open := f.checkpoint, checkpoints.Open
	if f.noVerify {
		open = checkpoints.OpenUnverified
	}
	dir, how, err := checkpoints.Resolve(path)
	if err != nil {
		return openedModel{}, err
	}
	bundle, _, err := open(dir)
	if err != nil {
		return openedModel{}, err
	}
	ui.Say(console, "", "%s", how)
	return openedModel{dir, bundle}, nil
}

// generation returns how text is generated: as the flags say, or else the checkpoint. It sets the limit of the output
// where that follows.
func (m openedModel) generation(c *cobra.Command, g *generationFlags, limits *predict.PredictorOptions, console ui.Sink) (generate.Options, error) {
	base, said, err := checkpoints.ReadGeneration(m.dir)
	if err != nil {
		return base, err
	}
	if said != "" {
		ui.Say(console, "", "%s (flags override it)", said)
	}
	limit := base.MaxTokens
	base.MaxTokens = 0
	o, err := g.options(c, base, m.bundle.Tokenizer)
	if err != nil {
		return o, err
	}
	if o.Allowed != nil {
		limit = o.Allowed.Longest()
	}
	if limits.MaxOutputLength == 0 {
		limits.MaxOutputLength = limit
	}
	if o.Allowed != nil && limits.MaxOutputLength < limit {
		return o, usageError{fmt.Errorf("--max-output-length %d: a choice has %d tokens with its end", limits.MaxOutputLength, limit), c.CommandPath()}
	}
	return o, nil
}

// about is what decides about answers besides the weights.
type about struct {
	Task            task.Spec        `json:"task"`
	MaxInputLength  int              `json:"max_input_length"`
	MaxOutputLength int              `json:"max_output_length,omitempty"`
	Generation      generate.Options `json:"generation"`
	Keep            []predict.Keep   `json:"keep,omitempty"`    // columns of the input
	Top             int              `json:"top,omitempty"`     // labels
	Choices         string           `json:"choices,omitempty"` // digest of all that the output can be
}

// job names everything that decides about the answers of a command.
func (m openedModel) job(command, format string, what any) (predict.Job, error) {
	digest, err := checkpoints.Digest(m.dir)
	if err != nil {
		return nil, err
	}
	job := predict.Job{"command": command, "format": format, "checkpoint": digest}
	raw, err := json.Marshal(what)
	if err == nil {
		err = flatten(job, "", raw)
	}
	if err != nil {
		return nil, fmt.Errorf("note the options: %w", err)
	}
	return job, nil
}

// sameOnRanks makes sure that all ranks have the same model, and the same of what decides about its answers besides.
func (m openedModel) sameOnRanks(group *allreduce.Group, what any) error {
	if group.Size() == 1 {
		return nil // nothing is read for a digest
	}
	job, err := m.job("", "", what)
	if err := group.Agree(err); err != nil {
		return err
	}
	return group.Same(job)
}

// flatten notes the values of a JSON object by their paths, generation.Beams, without those that are off.
func flatten(job predict.Job, path string, raw json.RawMessage) error {
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
