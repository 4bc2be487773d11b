// Command classify asks a checkpoint of a classification for the label of each text:
//
//	go run ./examples/classify runs/quickstart "You have won a prize" "see you at home"
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) < 2 {
		return errors.New("usage: classify CHECKPOINT TEXT [TEXT]")
	}
	predictor, err := predict.Open(args[0], predict.OpenOptions{})
	if err != nil {
		return err
	}
	var texts []string
	for _, text := range args[1:] {
		input, err := inputfile.FromText(predictor.Task(), text) // with the prefix of the task
		if err != nil {
			return err
		}
		texts = append(texts, input.Text)
	}
	answers, err := predictor.Classify(ctx, texts)
	if err != nil {
		return err
	}
	for i, a := range answers {
		fmt.Fprintf(out, "%s, probability %.3f: %s\n", a.Label.Name, a.Probability, args[1+i])
	}
	return nil
}
