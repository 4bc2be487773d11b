package main

import (
	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/data/inspect"
	"t5train/model/kernel"
)

// surveyFlags say what columns are for and how texts are measured.
type surveyFlags struct {
	roles               inspect.Roles
	tokenizer           string
	maxInput, maxTarget int
	threads             int
	json                bool
}

func (s *surveyFlags) add(c *cobra.Command) {
	addRoles(c, &s.roles)
	f := c.Flags()
	f.StringVar(&s.tokenizer, "tokenizer", "", "spiece.model, or a folder or run with one (default: T5's)")
	f.IntVar(&s.maxInput, "max-input-length", 512, "longest text in tokens that training is to keep")
	f.IntVar(&s.maxTarget, "max-target-length", 128, "longest target in tokens that training is to keep")
	f.IntVar(&s.threads, "threads", 0, "threads to compute with; 0 is all")
	f.BoolVar(&s.json, "json", false, "print one JSON object")
}

func addRoles(c *cobra.Command, r *inspect.Roles) {
	f := c.Flags()
	f.StringSliceVar(&r.Texts, "text-column", nil, "columns of texts that a model reads (default: strings, but for identifiers and targets)")
	f.StringSliceVar(&r.Targets, "target-column", nil, "columns of texts that a model writes (default: strings of a usual name, such as target or summary)")
	f.StringSliceVar(&r.Labels, "label-column", nil, "columns of labels (default: ClassLabels, and a column named label)")
}

func (s *surveyFlags) measure(c *cobra.Command) (inspect.Measure, error) {
	if err := requireAtLeast(c, 2, "max-input-length", "max-target-length"); err != nil {
		return inspect.Measure{}, err
	}
	tok, err := checkpoints.OpenTokenizer(s.tokenizer)
	return inspect.Measure{Tokenizer: tok, MaxInput: s.maxInput, MaxTarget: s.maxTarget, Threads: kernel.NewWorkers(s.threads).Threads()}, err
}
