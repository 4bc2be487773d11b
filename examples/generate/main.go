// Command generate lets a checkpoint write: the best three of a beam search, then one that is drawn:
//
//	go run ./examples/generate runs/translation "That is good."
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"t5train/model/generate"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 2 {
		return errors.New("usage: generate CHECKPOINT TEXT")
	}
	predictor, err := predict.Open(args[0], predict.OpenOptions{})
	if err != nil {
		return err
	}
	input, err := inputfile.FromText(predictor.Task(), args[1])
	if err != nil {
		return err
	}
	for _, o := range []generate.Options{
		{MaxTokens: 40, Beams: 4, NumReturnSequences: 3},
		{MaxTokens: 40, Sampling: &generate.Sampling{Temperature: 1, TopP: 0.9, Seed: 1}},
	} {
		answers, err := predictor.Generate(ctx, []string{input.Text}, o)
		if err != nil {
			return err
		}
		for _, s := range answers[0].Sequences {
			fmt.Fprintf(out, "%q, log-probability %.2f\n", s.Text, s.LogProb)
		}
	}
	return nil
}
