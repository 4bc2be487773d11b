package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"t5train/configs"
	"t5train/trainer/runlog"
	"t5train/trainer/sweep"
)

// written makes the folder of a sweep of nine trials, one of which failed, and whose texts are hostile.
func written(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, v any) {
		text, err := json.Marshal(v)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write("sweep.json", map[string]any{"command": "finetune", "rungs": 2, "reduction": 3,
		"base": map[string]string{"optimizer.learning_rate": "0.001"},
		"search": []sweep.Key{{Path: "optimizer.learning_rate", Low: 1e-4, High: 1, Log: true},
			{Path: "task.prefix", Values: []string{"<script>", "b"}},
			{Path: "model.num_layers", Low: 1, High: 4, Whole: true}}})
	for n := range 9 {
		trial := sweep.Trial{Settings: []configs.Value{
			{Key: "optimizer.learning_rate", Text: fmt.Sprint(0.001 * float64(n+1))},
			{Key: "task.prefix", Text: "<script>"}, {Key: "model.num_layers", Text: fmt.Sprint(n%4 + 1)}}}
		for i := range 1 + n%2 {
			value := 0.5 + 0.01*float64(n+i)
			trial.Rungs = append(trial.Rungs, sweep.Rung{Step: 5 + 5*i, Value: &value, Loss: 1 - value, BestStep: 5})
		}
		if n == 3 {
			trial.Failed = "training diverged <b>"
		}
		run := fmt.Sprintf("trials/%03d/", n)
		write(run+"trial.json", trial)
		write(run+runlog.RunName, runlog.Run{Metric: "accuracy", Steps: 10})
		write(run+runlog.HistoryName, runlog.Eval{Kind: "eval", Step: 5,
			Metrics: map[string]float64{"accuracy": 0.5, "loss": 1}})
	}
	return dir
}

// The page is HTML without scripts, with all trials, and what texts hold is text.
func TestWrite(t *testing.T) {
	r, err := sweep.Read(written(t))
	if err != nil {
		t.Fatal(err)
	}
	low, high := 0.01, 0.05
	r.Validation = &sweep.Gain{Metric: "accuracy", Examples: 100, Defaults: 0.5, Best: 0.53, Low: &low, High: &high}
	var b bytes.Buffer
	if err := Write(&b, r, []string{`t5train predict --text "<a>"`}); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"diverged &lt;b&gt;", "✓ Better", "paused at 33.3 %", "What mattered",
		"+0.0300 (95 % interval"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	counts := map[string]int{}
	for _, tag := range regexp.MustCompile(`<([a-z]+)[ >]`).FindAllStringSubmatch(text, -1) {
		counts[tag[1]]++
	}
	if counts["script"] != 0 || counts["b"] != 1 || counts["a"] != 0 || counts["tr"] != 10 || counts["circle"] < 24 {
		t.Errorf("got tags %v", counts)
	}
}

// A sweep that has only begun has a page too.
func TestWrite_Begun(t *testing.T) {
	dir := written(t)
	for n := range 9 {
		if err := os.RemoveAll(sweep.TrialDir(dir, n)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := sweep.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Write(&b, r, nil); err != nil || !strings.Contains(b.String(), "No trial has a result yet.") {
		t.Errorf("got %v", err)
	}
}

// Trials that have reached no rung yet are in the table and on the page too.
func TestWrite_NoRung(t *testing.T) {
	begun := sweep.Trial{Settings: []configs.Value{{Key: "train.batch_size", Text: "8"}}}
	r := &sweep.Result{Output: t.TempDir(), Command: "finetune", Metric: "accuracy", Shares: []float64{0.5, 1},
		Search: []sweep.Key{{Path: "train.batch_size", Values: []string{"8", "16"}}},
		Trials: []sweep.Trial{begun, begun}, Best: -1}
	var table, page bytes.Buffer
	if err := r.WriteTable(&table); err != nil || strings.Count(table.String(), "begun") != 2 {
		t.Errorf("got %v and the table\n%s", err, table.String())
	}
	if err := Write(&page, r, nil); err != nil || strings.Count(page.String(), "begun") < 2 {
		t.Errorf("got %v and the page\n%s", err, page.String())
	}
}
