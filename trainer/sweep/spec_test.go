package sweep

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"t5train/configs"
)

const good = `command: finetune
output: runs/sweep
trials: 20
base:
  # settings
  model: {size: v1_1-tiny}
  data:
    train: [a.parquet]
    validation: [b.parquet]
  task:
    name: classification
search:
  optimizer.learning_rate: {log_uniform: [1e-4, 1e-2]}
  model.dropout_rate: {uniform: [0, 0.3]}
  train.batch_size: [8, 16]
  model.num_layers: {integers: [1, 4]}
  train.seed: {seeds: 3}
  train.freeze: [[], [encoder]]
test: [c.parquet]
rungs: 2
`

func TestParse(t *testing.T) {
	s, err := Parse("sweep.yaml", []byte(good), configs.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Command != "finetune" || s.Output != "runs/sweep" || s.Trials != 20 || s.Rungs != 2 || s.Reduction != 3 ||
		!slices.Equal(s.Test, []string{"c.parquet"}) || len(s.Search) != 6 {
		t.Errorf("got %+v", s)
	}
	if got := s.Search[5].Values; !slices.Equal(got, []string{"[]", "[encoder]"}) {
		t.Errorf("lists: got %q", got)
	}
	if got := s.Search[4].Values; !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("seeds: got %q", got)
	}
	file := filepath.Join(t.TempDir(), "base.yaml")
	base, _, _ := strings.Cut(good[strings.Index(good, "base:\n")+6:], "search:")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(base, "\n  ", "\n")[2:]), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err = Parse("sweep.yaml", []byte("base: "+file+"\nsearch: {train.seed: [1, 2]}\n"),
		configs.LoadOptions{})
	if err != nil || s.Command != "finetune" || s.Base.File != file {
		t.Errorf("a base in a file: %+v, %v", s, err)
	}
}

func TestParse_Mistakes(t *testing.T) {
	for name, c := range map[string]struct{ was, is, want string }{
		"unknown key":     {"trials: 20", "trails: 20", "trails: unknown key: did you mean trials? (sweep.yaml:3)"},
		"key of the base": {"trials: 20", "train.epochs: 2", "a key of the configuration belongs below base:"},
		"misspelt": {"optimizer.learning_rate:", "optimizer.learning_rat:",
			"optimizer.learning_rat: unknown key: did you mean optimizer.learning_rate? (sweep.yaml:13)"},
		"value": {"[8, 16]", "[8, many]",
			`train.batch_size: got "many" (text), want an integer number of examples >= 1`},
		"its line": {"[8, 16]", "[8, many]", "(sweep.yaml:15)"},
		"range": {"[0, 0.3]", "[0, 3]",
			"model.dropout_rate: got 3, want a number >= 0 and < 1 (sweep.yaml:14)"},
		"ends":       {"[1, 4]", "[4, 1]", "model.num_layers: got no range"},
		"no integer": {"[1, 4]", "[1, 4.5]", "model.num_layers: got no range"},
		"logarithm":  {"{uniform: [0, 0.3]}", "{log_uniform: [0, 0.3]}", "want a range of numbers above 0"},
		"way":        {"{uniform:", "{unifrom:", "model.dropout_rate: got unifrom: did you mean uniform?"},
		"scalar":     {"[8, 16]", "8", "train.batch_size: got 8, want a list"},
		"text":       {"[[], [encoder]]", "{uniform: [1, 2]}", "train.freeze: got a range, want a list"},
		"base": {"name: classification", "nam: classification",
			"task.nam: unknown key: did you mean task.name? (sweep.yaml:11)"},
		"grid": {"rungs: 2", "method: grid", "got a range, want a list for method grid"},
		"trials": {"trials: 20", "trials: 0",
			"trials: got 0, want an integer from 1 to 10000 (sweep.yaml:3)"},
		"command":           {"command: finetune", "command: train", "command: got train, want finetune or pretrain"},
		"output of a trial": {"train.seed:", "output:", "output: each trial has a folder of its own"},
		"twice":             {"rungs: 2", "trials: 2", "trials: given twice: keep one (sweep.yaml:20)"},
		"metric":            {"rungs: 2", "metric: acuracy", "eval.metric: got \"acuracy\""},
		"nothing to search": {good[strings.Index(good, "search:"):strings.Index(good, "test:")],
			"", "search: required"},
		"is not YAML at all": {good, "a: [", "sweep.yaml is not YAML"},
		"nothing":            {good, "", "sweep.yaml: want keys such as base: and search:"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, c.was, c.is, 1)
			_, err := Parse("sweep.yaml", []byte(text), configs.LoadOptions{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got\n%v\nwant one with\n%s", err, c.want)
			}
		})
	}
}

// The sweep that the documents begin with is one.
func TestParse_Preset(t *testing.T) {
	t.Chdir("../..")
	const file = "configs/sweep/quickstart.yaml"
	content, err := configs.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(file, content, configs.LoadOptions{})
	if err != nil || s.Output == "" {
		t.Errorf("got %+v, %v", s, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("base: {a: b}\nsearch: [1]\n"))
	f.Add([]byte("base:\n  task: {name: classification}\n a: b\nsearch: {train.seed: {seeds: 99999}}\n"))
	f.Add([]byte("&a base: *a\nsearch: {x: *a}\ntest: [[a]]\nminutes: -1\n"))
	f.Add([]byte("base:\n\n\n\n  ? a\nsearch:\n  train.epochs: {uniform: [nan, inf]}\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 4000 || strings.Contains(string(content), "base: /") {
			return
		}
		s, err := Parse("sweep.yaml", content, configs.LoadOptions{})
		if err != nil {
			return
		}
		for n := range min(5, s.most()) {
			s.settings(n)
		}
	})
}

// Settings are a pure function of the seed and the number, lie in their ranges, and of lists alone none comes twice.
func TestSettings(t *testing.T) {
	s := &Spec{Seed: 3, Search: []Key{{Path: "a", Low: 1e-4, High: 1e-2, Log: true},
		{Path: "b", Low: 1, High: 4, Whole: true}, {Path: "c", Values: []string{"x", "y"}}}}
	count, low := map[string]int{}, 0
	for n := 1; n <= 400; n++ {
		values := s.settings(n)
		a, err := strconv.ParseFloat(values[0].Text, 64)
		if err != nil || a < 1e-4 || a > 1e-2 || len(values[0].Text) > 9 {
			t.Fatalf("trial %d: %v", n, values)
		}
		if a < 1e-3 {
			low++
		}
		count[values[1].Text]++
		count[values[2].Text]++
		if !slices.Equal(values, s.settings(n)) {
			t.Fatal("drawn otherwise the second time")
		}
	}
	if low < 160 || low > 240 || len(count) != 6 || count["1"] < 60 || count["4"] < 60 || count["x"] < 160 {
		t.Errorf("%d of 400 in the lower decade, %v", low, count)
	}
	more := *s
	more.Search = append([]Key{{Path: "d", Low: 0, High: 1}}, s.Search...)
	if !slices.Equal(more.settings(5)[1:], s.settings(5)) {
		t.Error("another key changes the draws")
	}
	lists := &Spec{Search: []Key{{Path: "a", Values: []string{"1", "2", "3"}}, {Path: "b", Values: []string{"1", "2"}}}}
	seen := map[string]bool{}
	for n := 1; n < lists.most(); n++ {
		seen[settingsText(lists.settings(n))] = true
	}
	if lists.most() != 7 || len(seen) != 6 {
		t.Errorf("got %d combinations in %d trials", len(seen), lists.most())
	}
}

func value(v float64) Rung { return Rung{Value: &v} }

// What is done next follows algorithm 2 of the paper, by results alone.
func TestPaper_NextJob(t *testing.T) {
	at := func(target int, values ...float64) Trial {
		trial := Trial{Target: target}
		for _, v := range values {
			trial.Rungs = append(trial.Rungs, value(v))
		}
		return trial
	}
	failed := Trial{Failed: "diverged"}
	for name, c := range map[string]struct {
		trials []Trial
		want   []job
	}{
		"none":               {nil, []job{{0, 2}}},
		"the first goes on":  {[]Trial{{Target: 2}}, []job{{0, 2}, {1, 0}}},
		"too few to promote": {[]Trial{at(2, .5, .5, .5), at(0, .9)}, []job{{2, 0}}},
		"one of three":       {[]Trial{at(2, .5, .5, .5), at(0, .9), at(0, .8)}, []job{{1, 1}, {3, 0}}},
		"nobody twice":       {[]Trial{at(2, .5, .5, .5), at(1, .9, .9), at(0, .8)}, []job{{3, 0}}},
		"farther ones first": {[]Trial{at(2, .5, .5, .5), at(1, .9, .9), at(1, .8, .8), at(0, .7), at(0, .95),
			at(0, .1)}, []job{{1, 2}, {4, 1}, {6, 0}}},
		"failures count":      {[]Trial{failed, at(0, .1), failed}, []job{{1, 1}, {3, 0}}},
		"begun, not promoted": {[]Trial{at(2, .5, .5, .5), at(1, .9), at(0, .95)}, []job{{1, 1}, {2, 1}, {3, 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := slices.Collect(jobs(c.trials, "accuracy", 3, 3, 9)); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	if got := slices.Collect(jobs([]Trial{at(1, 1, 1), at(0, 2), at(0, 3)}, "loss", 2, 3, 3)); len(got) != 0 {
		t.Errorf("of losses the smaller wins: got %v", got)
	}
}

// Time that takes no new trial lets the best of the paused ones go on, the farthest first.
func TestSpare(t *testing.T) {
	far := Trial{Target: 1, Rungs: []Rung{value(.1), value(.2)}}
	trials := []Trial{{Target: 2, Rungs: []Rung{value(1), value(1), value(1)}},
		{Target: 0, Rungs: []Rung{value(.7)}}, far,
		{Target: 0, Rungs: []Rung{value(.9)}}, {Failed: "x"}}
	if got := slices.Collect(spare(trials, "accuracy", 3)); !slices.Equal(got, []job{{2, 2}, {3, 2}, {1, 2}}) {
		t.Errorf("got %v", got)
	}
}

func TestShares(t *testing.T) {
	s := &Spec{Rungs: 3, Reduction: 3}
	if got := s.shares(); math.Abs(got[0]-1.0/9) > 1e-12 || got[2] != 1 {
		t.Errorf("got %v", got)
	}
}

// Work at the same time counts once.
func TestWorked(t *testing.T) {
	at := func(a, b int) Span { return Span{time.Unix(int64(a), 0), time.Unix(int64(b), 0)} }
	trials := []Trial{{Jobs: []Span{at(10, 20), at(40, 50)}}, {Jobs: []Span{at(12, 15), at(18, 25)}}}
	if got := worked(trials); got != 25*time.Second {
		t.Errorf("got %v, want 25 s", got)
	}
	if got := remaining(trials, []float64{0.5, 1}, 1); got != 0 {
		t.Errorf("nothing was measured: got %v", got)
	}
	trials[0].Rungs = []Rung{value(1)}
	if a, b := remaining(trials, []float64{0.5, 1}, 0), remaining(trials, []float64{0.5, 1}, 2); a != 20 || b != 40 {
		t.Errorf("got %g and %g s, want 20 for the other half and 40 for a new trial", a, b)
	}
}

// The key that decides has the greater part, one that does nothing next to none.
func TestEffects(t *testing.T) {
	r := &Result{Metric: "accuracy", Search: []Key{{Path: "noise", Values: []string{"a", "b", "c"}},
		{Path: "rate", Low: 0, High: 1}}}
	for i := range 24 {
		rate := float64(i*7%24) / 24
		r.Trials = append(r.Trials, Trial{Number: i, Rungs: []Rung{value(rate)}, Settings: []configs.Value{
			{Key: "noise", Text: string("abc"[i%3])}, {Key: "rate", Text: strconv.FormatFloat(rate, 'g', -1, 64)}}})
	}
	e := r.Effects()
	if len(e) != 2 || e[0].Key != "rate" || e[0].Share < 0.8 || e[1].Share > 0.1 {
		t.Errorf("got %v", e)
	}
	if r.Trials = r.Trials[:7]; r.Effects() != nil {
		t.Error("seven trials tell something")
	}
}
