package report

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/trainer/runlog"
)

func TestRead(t *testing.T) {
	dir := writeRun(t, filepath.Join(t.TempDir(), "first"))
	r := Read(dir)
	if r.Name != "first" || r.State != Finished || r.Task != "classification" || r.Model != "small" || r.Step != 3 ||
		r.Steps != 3 ||
		r.Metric != "accuracy" || *r.Best != 0.75 || r.BestAt != 2 || r.Updated.IsZero() ||
		r.Record.Parameters != 1234 ||
		len(r.Notes) > 0 {
		t.Errorf("got %+v", r)
	}
	for _, want := range []Setting{{"output", "x"}, {"data.train", "[a.parquet, b.parquet]"},
		{"data.mixture", "[{name: books, rate: 3}]"}, {"train.steps", "3"}} {
		if !slices.Contains(r.Config, want) {
			t.Errorf("the configuration lacks %q: %q", want, r.Config)
		}
	}
	if e := r.Evaluation["best"]; e == nil || e.Step != 2 || e.Worst[0].Input != hostile {
		t.Errorf("the best evaluation is %+v", e)
	}
	if got := r.Eval.Values["accuracy"]; !slices.Equal(got, Numbers{0.75, 1}) {
		t.Errorf("accuracy %v", got)
	}
	unlock, err := checkpoints.LockRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := Read(dir).State; got != Running {
		t.Errorf("a run that is being written is %s", got)
	}
	unlock()
	write(t, dir, ".t5train-lock", "process 1 on elsewhere") // of a killed process
	if got := Read(dir).State; got != Finished {
		t.Errorf("with the lock file of a killed process: %s", got)
	}
}

// What cannot be read is one line each, and the rest is shown.
func TestReadDamaged(t *testing.T) {
	for name, c := range map[string]struct {
		file, content string
		note          string
	}{
		"half a line": {runlog.HistoryName, history(1, 2) + `{"kind":"train","st`,
			"lines that cannot be read and are left out: 1"},
		"a configuration of no keys": {runlog.ConfigName, "- a\n- b\n", "holds no keys"},
		"an empty configuration":     {runlog.ConfigName, "", "holds no keys"},
		"no YAML":                    {runlog.ConfigName, "a: [\nb", "config.yaml"},
		"half a record":              {runlog.RunName, `{"steps":`, "unexpected end of JSON input"},
		"half an evaluation":         {runlog.BestName, `{"confusion":[[1,`, "best.json"},
		"another state": {"checkpoints/checkpoint-00000003/trainer/state.json", `{"step":"three"}`,
			"state.json"},
		"a pointer to nowhere": {"checkpoints/latest", "checkpoint-00000009\n", "checkpoints/latest"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeRun(t, t.TempDir())
			write(t, dir, c.file, c.content)
			r := Read(dir)
			if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], c.note) || strings.Contains(r.Notes[0], "\n") {
				t.Errorf("notes %q, want one line with %q", r.Notes, c.note)
			}
			if _, err := pageOf(NewPage([]*Run{r}, Options{})); err != nil {
				t.Error(err)
			}
		})
	}
}

// A run of an older version has lines and a configuration alone.
func TestReadOlder(t *testing.T) {
	dir := writeRun(t, t.TempDir())
	for _, name := range []string{runlog.DirName, "checkpoints"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r := Read(dir)
	if r.State != Stopped || r.Step != 3 || r.Steps != 3 || r.Best != nil || len(r.Evaluation) > 0 || len(r.Notes) > 0 {
		t.Errorf("got %+v", r)
	}
}

func TestFind(t *testing.T) {
	root := t.TempDir()
	first, second := writeRun(t, filepath.Join(root, "runs/a")), writeRun(t, filepath.Join(root, "runs/deep/er/b"))
	writeRun(t, filepath.Join(first, "tokens/c")) // of the run
	writeRun(t, filepath.Join(root, "runs/.hidden"))
	linked := writeRun(t, filepath.Join(root, "elsewhere/d"))
	write(t, root, "runs/other/"+runlog.ConfigName, "a: 1") // a configuration alone is no run
	if err := os.Symlink(linked, filepath.Join(root, "runs/link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(root, "runs"), filepath.Join(root, "runs/loop")); err != nil {
		t.Fatal(err)
	}
	found, err := Find(filepath.Join(root, "runs"))
	if want := []string{first, second, filepath.Join(root, "runs/link")}; err != nil || !slices.Equal(found, want) {
		t.Errorf("found %q, %v, want %q", found, err, want)
	}
	if dirs, err := Folders([]string{first, filepath.Join(root, "runs")}); err != nil || len(dirs) != 3 {
		t.Errorf("a run that is named twice: %q, %v", dirs, err)
	}
	if _, err := Folders([]string{filepath.Join(root, "runs/other")}); err == nil || !strings.Contains(err.Error(),
		"holds no run: want a folder") {
		t.Errorf("a folder without runs: %v", err)
	}
	same := writeRun(t, filepath.Join(root, "more/a"))
	if runs, err := Open(first, same); err != nil || runs[0].Name != first || runs[1].Name != same {
		t.Errorf("two runs of one name: %v, %v", runs[0].Name, err)
	}
}

// A process whose first line comes later than the last one of the process before.
func TestElapsed(t *testing.T) {
	var lines []runlog.Train
	for i, seconds := range []float64{10, 20, 30, 5, 15} {
		lines = append(lines, runlog.Train{Step: i + 1, Seconds: seconds})
	}
	for name, c := range map[string]struct {
		starts []int
		want   []float64
	}{
		"not known":           {nil, []float64{10, 20, 30, 35, 45}},
		"one":                 {[]int{0}, []float64{10, 20, 30, 35, 45}},
		"from step 1":         {[]int{0, 1}, []float64{10, 30, 40, 45, 55}},
		"twice from step 1":   {[]int{0, 1, 1}, []float64{10, 30, 40, 45, 55}},
		"the first not known": {[]int{1, 3}, []float64{10, 30, 40, 45, 55}},
		"from an older step":  {[]int{0, 2, 1}, []float64{10, 30, 40, 45, 55}},
		"no line yet":         {[]int{0, 5}, []float64{10, 20, 30, 35, 45}},
	} {
		var sessions []runlog.Session
		for _, step := range c.starts {
			sessions = append(sessions, runlog.Session{Step: step})
		}
		if got := elapsed(lines, sessions); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestLines(t *testing.T) {
	h := runlog.ParseHistory([]byte(history(1, 2)))
	h.Train = append(h.Train, runlog.ParseHistory([]byte(history(1, 2))).Train...) // the next process counts from 0
	h.Eval = append(h.Eval, runlog.Eval{Step: 3, Metrics: map[string]float64{"f1": 1, "loss": 1e300}})
	train, eval := newLines(h, nil)
	if want := []Number{10, 20, 30, 40}; !slices.Equal(train.Seconds, want) {
		t.Errorf("seconds %v, want %v", train.Seconds, want)
	}
	if v := eval.Values["f1"]; len(v) != 2 || !math.IsNaN(float64(v[0])) || v[1] != 1 {
		t.Errorf("a metric that comes later is %v", v)
	}
	if v := eval.Values["accuracy"]; len(v) != 2 || !math.IsNaN(float64(v[1])) {
		t.Errorf("a metric that goes is %v", v)
	}
	if v := eval.Values["loss"][1]; v != largest {
		t.Errorf("a huge loss is %g", v)
	}
	if train.Values["peak_memory_mb"].any() {
		t.Error("memory that is not recorded is a number")
	}

	long := runlog.History{Train: make([]runlog.Train, 2*maxRows+1)}
	for i := range long.Train {
		long.Train[i] = runlog.Train{Step: i + 1, Loss: float64(i)}
	}
	train, _ = newLines(long, nil)
	if train.Merged != 3 || len(train.Step) != (2*maxRows+3)/3 || train.Step[0] != 3 || train.Values["loss"][0] != 1 ||
		train.Step[len(train.Step)-1] != 2*maxRows+1 {
		t.Errorf("%d rows of %d lines each, the first of step %d with the loss %g", len(train.Step), train.Merged,
			train.Step[0], train.Values["loss"][0])
	}
}
