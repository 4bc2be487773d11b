package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"t5train/data/tokenizer"
	"t5train/trainer/predict"
)

// A smaller model on bytes trains for some steps, its loss falls, and its checkpoint answers.
func TestTrain(t *testing.T) {
	s, err := tiny()
	if err != nil {
		t.Fatal(err)
	}
	s.tokenizer, s.size.VocabSize = tokenizer.ByT5(), 384
	s.size.DModel, s.size.DFF, s.size.DKV, s.size.NumLayers, s.size.NumDecoderLayers = 16, 16, 8, 1, 1
	s.limits.MaxInput, s.steps, s.batch, s.peak = 24, 40, 8, 1e-2
	s.data = filepath.Join("..", "..", "testdata", "sms_spam", "validation-00000-of-00001.parquet")
	s.output = filepath.Join(t.TempDir(), "model")
	var out bytes.Buffer
	if err := train(context.Background(), s, &out); err != nil {
		t.Fatal(err)
	}
	losses := regexp.MustCompile(`loss (\S+)`).FindAllStringSubmatch(out.String(), -1)
	if len(losses) != 2 {
		t.Fatalf("%d lines of steps, want 2:\n%s", len(losses), &out)
	}
	first, _ := strconv.ParseFloat(losses[0][1], 64)
	last, _ := strconv.ParseFloat(losses[1][1], 64)
	if !(last < first) || last > 4 {
		t.Errorf("the loss is %g after 20 steps and %g after 40", first, last)
	}
	predictor, err := predict.Open(s.output, predict.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	answers, err := predictor.Classify(context.Background(), []string{"sms: You have won"})
	if err != nil || len(answers[0].Probabilities) != 2 {
		t.Errorf("got %+v, %v", answers, err)
	}
}

func TestTrainStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s, err := tiny()
	if err != nil {
		t.Fatal(err)
	}
	s.data, s.output = filepath.Join("..", "..", "testdata", "sms_spam"), filepath.Join(t.TempDir(), "model")
	if err := train(ctx, s, os.Stderr); err == nil {
		t.Error("no error of a context that has ended")
	}
}

func TestShort(t *testing.T) {
	text, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n >= 300 {
		t.Errorf("main.go has %d lines, want less than 300", n)
	}
}
