package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"t5train/internal/screen"
)

// Commands that draw a bar leave no part of it on a terminal, whatever its width.
func TestBarsOnTerminals(t *testing.T) {
	const rows = "../../testdata/sms_spam/train-00000-of-00001.parquet"
	const held = "../../testdata/sms_spam/validation-00000-of-00001.parquet"
	run := filepath.Join(t.TempDir(), "run")
	for _, c := range []struct {
		columns int
		command []string
		bar     string // what the drawn bar looks like
		stays   []string
	}{
		{40, []string{"finetune", "--config", "testdata/tiny.yaml", "--tokenizer", smallVocabulary(), "--set",
			"data.max_target_length=8", "--train", rows, "--validation", held,
			"--output", run, "--steps", "40"}, `train .*\d+/40`,
			[]string{"step 20, epoch 1.25: validation f1_macro", "step 40, epoch 2.50: validation f1_macro"}},
		{60, []string{"evaluate", "--model", run, "--input", held}, `evaluate .*\d+/557`,
			[]string{"evaluation: 557 examples"}},
		{40, []string{"predict", "--model", run, "--input", held, "--output",
			filepath.Join(t.TempDir(), "out.jsonl")},
			`predict .*\d+/557`, nil},
		{80, []string{"data", "tokenize", "--train", rows, "--tokenizer", smallVocabulary(), "--output", t.TempDir()},
			`tokenize .*\d+/4`, []string{"text column: sms"}},
		{40, []string{"data", "check", "--train", rows, "--validation", held}, `check train .*\d+/4`, nil},
		{40, []string{"tokenizer", "train", "--input", rows + ":sms", "--vocab-size", "300", "--output",
			filepath.Join(t.TempDir(), "v")}, `\d+/`, []string{"tokenizer: unigram"}},
	} {
		t.Run(strings.Join(c.command[:2], " "), func(t *testing.T) {
			s := screen.Open(t, c.columns)
			cmd := exec.Command("t5train", c.command...)
			cmd.Stderr = s.TTY
			if err := cmd.Run(); err != nil && c.command[1] != "check" { // which finds texts in both splits
				t.Error(err)
			}
			written, shown := s.Rows()
			bar := regexp.MustCompile(c.bar)
			drawn := 0
			for draw := range strings.SplitSeq(written, "\r") {
				if draw = strings.TrimRight(draw, " "); bar.MatchString(draw) && !strings.Contains(draw, "\n") {
					if drawn++; len(draw) >= c.columns {
						t.Errorf("the bar takes %d columns of %d: %q", len(draw), c.columns, draw)
					}
				}
			}
			if drawn == 0 {
				t.Errorf("no bar is drawn: %q", written)
			}
			if i := slices.IndexFunc(shown, bar.MatchString); i >= 0 {
				t.Errorf("a bar stays: %q", shown[i])
			}
			for _, line := range c.stays {
				if !strings.Contains(strings.Join(shown, ""), line) {
					t.Errorf("%q is not on the screen:\n%s", line, strings.Join(shown, "\n"))
				}
			}
		})
	}
}
