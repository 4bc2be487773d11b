package main

import (
	"os"

	"github.com/spf13/cobra"

	"t5train/data/task"
	"t5train/trainer/label"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
)

// labelKey is the variable with the key of the endpoint.
const labelKey = "T5TRAIN_LABEL_KEY"

func labelCommand(a app) *cobra.Command {
	var o label.Options
	var in inputfile.Source
	var out predict.Output
	var keep []string
	spec := task.Spec{Name: task.Seq2Seq, Prefix: new("")}
	c := &cobra.Command{
		Use:   "label",
		Short: "Have a model behind an endpoint answer texts, to train on",
		Long: `Ask a server with OpenAI's API (llama.cpp, Ollama, vLLM, t5train serve) for the answer to each text, several at a
time. Nothing is sent anywhere but to --endpoint. A key is taken from T5TRAIN_LABEL_KEY of the environment, and written
nowhere. What may pass (429, 5xx, timeouts, no connection) is tried again; answers are kept as they come, and the same
command resumes them.`,
		Example: `  t5train label --endpoint http://127.0.0.1:8080/v1 --model large --input texts.txt --output labelled.jsonl
  t5train label --endpoint http://127.0.0.1:11434/v1 --model llama3.2 --labels ham,spam \
    --prompt-template "Ham or spam? {input}" --input texts.parquet --output labelled.parquet`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := requireFlags(c, "endpoint", "model"); err != nil {
				return err
			}
			if err := requireAtLeast(c, 1, "parallel", "max-output-length"); err != nil {
				return err
			}
			if err := requireAtLeast(c, 0, "retries", "max-requests"); err != nil {
				return err
			}
			in.Stdin = a.stdin
			if err := checkInputs(c, &in); err != nil {
				return err
			}
			if err := checkOutput(c, &out); err != nil {
				return err
			}
			if err := checkSpared(c, out.Path, []string{in.Path}, a.stdin); err != nil {
				return err
			}
			f := askFlags{in: in}
			var err error
			if in.Keep, err = keptColumns[label.Answer](keep, &f); err != nil {
				return usageError{err, c.CommandPath()}
			}
			o.Key = os.Getenv(labelKey)
			l, err := label.New(o)
			if err != nil {
				return err
			}
			done, err := openAnswers(a, &out, nil)
			if err != nil {
				return err
			}
			return done(l.File(c.Context(), in, spec, out, a.console()))
		},
	}
	f := c.Flags()
	f.StringVar(&o.Endpoint, "endpoint", "", "base URL of the API, such as http://127.0.0.1:8080/v1")
	f.StringVar(&o.Model, "model", "", "model that the endpoint shall answer with")
	f.StringVar(&o.Template, "prompt-template", label.Placeholder, "what is asked, with the text at {input}")
	f.StringSliceVar(&o.Labels, "labels", nil, "only valid answers, as ham,spam; others are marked invalid")
	f.BoolVar(&o.Completions, "completions", false, "ask /completions in place of /chat/completions")
	addInputs(c, &in)
	f.StringSliceVar(&spec.TextColumns, "text-column", []string{"text"}, "column of the input with the text")
	addKeep(c, &keep)
	addOutput(c, &out)
	f.IntVar(&o.MaxTokens, "max-output-length", 256, "longest answer in tokens of the endpoint's model")
	f.IntVar(&o.Parallel, "parallel", 4, "requests at a time")
	f.IntVar(&o.Retries, "retries", 5, "tries again of a request that may succeed later")
	f.DurationVar(&o.Timeout, "timeout", 0, "longest time of a request (default 1m0s)")
	f.IntVar(&o.MaxRequests, "max-requests", 0, "requests until the command stops; 0 is any number")
	f.DurationVar(&o.MaxTime, "max-time", 0, "time until the command stops, such as 2h; 0 is any time")
	return c
}
