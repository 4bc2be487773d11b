package trainer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/peft"
	"t5train/configs"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/internal/ui/terminal"
	"t5train/model/kernel"
	"t5train/trainer/evaluate"
	"t5train/trainer/optim"
	"t5train/trainer/runlog"
)

// contents maps the files of a run that two equal runs have in common, bit for bit, to what they hold.
func contents(t *testing.T, output string) map[string]string {
	t.Helper()
	run, err := checkpoints.OpenRun(output)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := run.Steps()
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, step := range steps {
		weights := "model.safetensors"
		if checkpoints.IsAdapter(run.Dir(step)) {
			weights = peft.WeightsName
		}
		for _, name := range []string{weights, optimizerName, stateName, checkpoints.InfoName} {
			files[fmt.Sprintf("step %d: %s", step, name)] = string(testdir.Read(t, filepath.Join(run.Dir(step), name)))
		}
	}
	for _, pointer := range []string{"best", "latest"} {
		if content, err := os.ReadFile(filepath.Join(output, "checkpoints", pointer)); err == nil {
			files[pointer] = string(content)
		}
	}
	var lines bytes.Buffer
	for line := range bytes.Lines(testdir.Read(t, filepath.Join(output, runlog.HistoryName))) {
		var entry map[string]any
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		for _, ofTheClock := range []string{"seconds", "seconds_left", "tokens_per_second", "fma_peak_share",
			"peak_memory_mb", "time"} {
			delete(entry, ofTheClock)
		}
		text, err := json.Marshal(entry)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(text, '\n'))
	}
	files[runlog.HistoryName] = lines.String()
	for _, name := range []string{runlog.LatestName, runlog.BestName} {
		if content, err := os.ReadFile(filepath.Join(output, name)); err == nil {
			files[name] = string(content)
		}
	}
	return files
}

// compareRuns reports what a run holds otherwise than the wanted one. Checkpoints that only got has are those of
// interruptions.
func compareRuns(t *testing.T, what string, want, got map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] == want[name] {
			continue
		}
		if strings.HasSuffix(name, ".safetensors") {
			t.Errorf("%s: %s differs", what, name)
		} else {
			t.Errorf("%s: %s is\n%s\nwant\n%s", what, name, got[name], want[name])
		}
	}
}

// stopAfter is a context that ends once it has been looked at a number of times.
type stopAfter struct {
	context.Context
	looks atomic.Int64
}

func newStopAfter(t *testing.T, looks int) *stopAfter {
	s := &stopAfter{Context: t.Context()}
	s.looks.Store(int64(looks))
	return s
}

func (s *stopAfter) Err() error {
	if s.looks.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

func silent() Options { return Options{} }

// resumed resumes a stopped run, or starts anew where it was stopped before its first step.
func resumed(t *testing.T, c *configs.Config, stopped *Result) {
	t.Helper()
	finetune(t, c, Options{Resume: stopped.Step > 0})
}

// runKinds are runs that differ in what their state consists of.
var runKinds = map[string]func(c *configs.Config){
	"adafactor":               func(c *configs.Config) {},
	"adafactor, first moment": func(c *configs.Config) { beta := 0.5; c.Optimizer.Beta1 = &beta },
	"adamw, clipping":         func(c *configs.Config) { c.Optimizer = optim.Spec{Name: "adamw"}; c.Train.ClipNorm = 0.5 },
	"sgd, linear": func(c *configs.Config) {
		c.Optimizer, c.Schedule = optim.Spec{Name: "sgd"}, configs.Schedule{Name: "linear", WarmupSteps: 2}
	},
	"accumulation and a token budget": func(c *configs.Config) {
		c.Train.Accumulate, c.Train.BatchSize, c.Train.BatchTokens = 2, 0, 150
	},
	"early stopping": func(c *configs.Config) {
		rate := 1e-12 // nothing is learnt, so nothing gets better
		c.Optimizer.LearningRate = &rate
		c.Eval.Patience, c.Eval.EverySteps, c.Checkpoint.EverySteps = 3, 1, 2
	},
	"minutes": func(c *configs.Config) { c.Checkpoint.EveryMinutes = 1e-9 }, // after each step
	"steps across epochs": func(c *configs.Config) {
		c.Train.Accumulate, c.Train.BatchSize = 2, 16 // an epoch is 3 micro-batches
		c.Train.Epochs, c.Eval.EverySteps = 4, 1
	},
	"often": func(c *configs.Config) { c.Eval.EverySteps, c.Checkpoint.EverySteps = 2, 3 },
	"average": func(c *configs.Config) {
		c.Train.EMA, c.Optimizer = 0.7, optim.Spec{Name: "adamw"}
		c.Eval.EverySteps, c.Checkpoint.EverySteps = 2, 3
	},
	"no evaluation": func(c *configs.Config) { c.Data.Validation = nil },
}

// A run that is stopped wherever it can be, and goes on, ends with the bits of one that never stopped.
func TestResumeEqualsNotStopping(t *testing.T) {
	for name, change := range runKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := testrun.TinyConfig(t)
			change(c)
			c.Train.LogEvery, c.Eval.BatchSize, c.Checkpoint.KeepLast = 3, 10, 100 // two batches an evaluation
			finetune(t, c, Options{})
			want := contents(t, c.Output)

			stops := make(map[int]bool) // the steps at which a run has stopped
			for looks := 0; ; looks++ {
				c.Output = filepath.Join(t.TempDir(), "run")
				r, err := Finetune(newStopAfter(t, looks), c, silent())
				if errors.Is(err, context.Canceled) {
					continue // stopped while it read the data
				}
				if err != nil {
					t.Fatal(err)
				}
				if !r.Interrupted {
					break
				}
				stops[r.Step] = true
				resumed(t, c, r)
				compareRuns(t, fmt.Sprintf("stopped at look %d, step %d", looks, r.Step), want, contents(t, c.Output))
			}
			if len(stops) < 4 {
				t.Errorf("the run stopped at steps %v, want more of them", slices.Sorted(maps.Keys(stops)))
			}
		})
	}
}

// A run of many short processes is one run.
func TestResumeAgainAndAgain(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Train.LogEvery, c.Train.Epochs, c.Eval.EverySteps, c.Checkpoint.KeepLast = 4, 4, 3, 100
	finetune(t, c, Options{})
	want := contents(t, c.Output)

	c.Output = filepath.Join(t.TempDir(), "run")
	o := silent()
	processes := 0
	for interrupted := true; interrupted; processes++ {
		r, err := Finetune(newStopAfter(t, 20), c, o)
		if err != nil {
			t.Fatal(err)
		}
		interrupted, o.Resume = r.Interrupted, r.Step > 0
		if processes > 50 {
			t.Fatalf("the run has come to step %d only", r.Step)
		}
	}
	if processes < 4 {
		t.Errorf("%d processes, want more", processes)
	}
	compareRuns(t, fmt.Sprintf("%d processes", processes), want, contents(t, c.Output))
}

// eachLine calls a function for each line that a sink writes.
type eachLine func(line string)

func (f eachLine) Write(p []byte) (int, error) {
	f(string(p))
	return len(p), nil
}

// stoppedAt fine-tunes or pre-trains until a sink line contains a text.
func stoppedAt(t *testing.T, c *configs.Config, text string) *Result {
	t.Helper()
	run := Finetune
	if c.Pretraining() {
		run = Pretrain
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := run(ctx, c, Options{Sink: terminal.Plain(eachLine(func(line string) {
		if strings.Contains(line, text) {
			cancel()
		}
	}))})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Recomputation changes no bit, so a run may resume with it or without it.
func TestResumeWithRecompute(t *testing.T) {
	for _, recompute := range []bool{false, true} {
		t.Run(fmt.Sprintf("from %v to %v", recompute, !recompute), func(t *testing.T) {
			c := testrun.TinyConfig(t)
			c.Train.LogEvery, c.Train.BatchSize, c.Train.Accumulate, c.Checkpoint.KeepLast = 1, 6, 2, 100
			c.Train.Recompute = recompute
			finetune(t, c, Options{})
			want := contents(t, c.Output)

			c.Output = filepath.Join(t.TempDir(), "run")
			if r := stoppedAt(t, c, "step 3/"); !r.Interrupted {
				t.Fatalf("stopped with %+v", r)
			}
			c.Train.Recompute = !recompute
			finetune(t, c, Options{Resume: true})
			got := contents(t, c.Output)
			maps.DeleteFunc(got, func(name, _ string) bool { _, ok := want[name]; return !ok }) // saved when it stopped
			compareRuns(t, "the other setting", want, got)
		})
	}
}

// A run that resumes does not write the checkpoint again that it has just read: the disk may have no room for it.
func TestResumeKeepsItsCheckpoint(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Train.LogEvery, c.Checkpoint.EverySteps, c.Checkpoint.KeepLast = 1, 3, 100
	saved := stoppedAt(t, c, "step 3/").Checkpoint
	before, err := os.Stat(saved)
	if err != nil {
		t.Fatal(err)
	}
	finetune(t, c, Options{Resume: true})
	if after, err := os.Stat(saved); err != nil || !os.SameFile(before, after) {
		t.Errorf("%s is another folder than before, %v", saved, err)
	}
}

// A process killed after it has written its best checkpoint, and before it has marked it so.
func TestResumeMarksTheBest(t *testing.T) {
	c := testrun.TinyConfig(t)
	rate := 1e-12 // the first evaluation stays the best
	c.Optimizer.LearningRate = &rate
	c.Eval.EverySteps, c.Checkpoint.KeepLast = 1, 1
	if r := stoppedAt(t, c, "step 1, epoch"); !r.Interrupted || r.Step != 1 {
		t.Fatalf("stopped with %+v", r)
	}
	if err := os.Remove(filepath.Join(c.Output, "checkpoints", "best")); err != nil {
		t.Fatal(err)
	}
	r := finetune(t, c, Options{Resume: true})
	run, err := checkpoints.OpenRun(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	if step, ok, err := run.Best(); err != nil || !ok || step != 1 || r.Checkpoint != run.Dir(1) {
		t.Errorf("the best step is %d (%v), %v, and the result %+v", step, ok, err, r)
	}
}

// A run that ends while its last checkpoint is written is finished.
func TestStopAtTheEndIsFinished(t *testing.T) {
	c := testrun.TinyConfig(t)
	if r := stoppedAt(t, c, "step 8, epoch"); r.Interrupted || r.Step != 8 {
		t.Errorf("got %+v, want a finished run of 8 steps", r)
	}
}

// A run that resumes where other kernels compute is told so once, and remembers it.
func TestResumeOnAnotherProcessor(t *testing.T) {
	here := kernel.NewWorkers(1).RoundingISA()
	if here == kernel.Portable {
		t.Skip("this processor has one kind of kernels")
	}
	c := testrun.TinyConfig(t)
	c.Train.LogEvery = 1
	stoppedAt(t, c, "step 2/")
	t.Setenv(kernel.ISAVariable, kernel.Portable)
	first, second := runtime.GOARCH+" "+here, runtime.GOARCH+" "+kernel.Portable
	warning := fmt.Sprintf("computed on %s, the next ones will be on %s", first, second)
	var said strings.Builder
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, run := range []struct {
		ctx   context.Context
		times int
	}{{ctx, 1}, {t.Context(), 0}} {
		said.Reset()
		_, err := Finetune(run.ctx, c, Options{Sink: terminal.Plain(eachLine(func(line string) {
			said.WriteString(line)
			if strings.HasPrefix(line, "step 5/") {
				cancel()
			}
		}))})
		if err != nil || strings.Count(said.String(), warning) != run.times {
			t.Errorf("got %v and said %q, want %q %d times", err, said.String(), warning, run.times)
		}
	}
	s, err := readState(filepath.Join(c.Output, "checkpoints", "checkpoint-00000008"))
	if err != nil || !slices.Equal(s.Processors, []string{first, second}) {
		t.Errorf("the state names %q, %v, want %q and %q", s.Processors, err, first, second)
	}
}

// A process killed right after its last checkpoint has left two things to do: mark it as the best, and remove others.
func TestFinishedRunIsTidied(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Eval.Metric, c.Checkpoint.KeepLast = "loss", 1
	want := finetune(t, c, Options{})
	files := contents(t, c.Output)
	run, err := checkpoints.OpenRun(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	if want.BestStep != 8 {
		t.Fatalf("the best step is %d, want the last", want.BestStep)
	}
	if err := os.CopyFS(run.Dir(4), os.DirFS(run.Dir(8))); err != nil {
		t.Fatal(err)
	}
	if err := run.SetBest(4); err != nil {
		t.Fatal(err)
	}
	if got := finetune(t, c, Options{}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := contents(t, c.Output); !maps.Equal(got, files) {
		t.Errorf("the folder holds %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(files)))
	}
}

// A checkpoint whose training files are gone or damaged says so, and that its model is still of use.
func TestResumeFromDamagedState(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Train.LogEvery, c.Data.Validation = 1, nil
	saved := stoppedAt(t, c, "step 3/").Checkpoint
	for name, damage := range map[string]func(path string) error{
		"gone":  os.Remove,
		"empty": func(path string) error { return os.Truncate(path, 0) },
		"cut":   func(path string) error { return os.Truncate(path, 20) },
	} {
		for _, file := range []string{stateName, optimizerName} {
			t.Run(name+" "+filepath.Base(file), func(t *testing.T) {
				path := filepath.Join(saved, file)
				content := testdir.Read(t, path)
				if err := damage(path); err != nil {
					t.Fatal(err)
				}
				defer testdir.Write(t, saved, file, string(content))
				_, err := Finetune(t.Context(), c, Options{Resume: true})
				if err == nil || !strings.Contains(err.Error(), filepath.Base(file)) || !strings.Contains(err.Error(),
					"model.path "+saved) {
					t.Errorf("error %v, want the file and what to do", err)
				}
			})
		}
	}
	finetune(t, c, Options{Resume: true}) // whole again
}

// Weights with a few other bytes are numbers too, so training would go on with them without a word.
func TestResumeFromDamagedWeights(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Train.LogEvery, c.Data.Validation, c.Checkpoint.EverySteps = 1, nil, 2
	saved := stoppedAt(t, c, "step 3/").Checkpoint
	weights := testdir.Read(t, filepath.Join(saved, "model.safetensors"))
	damaged := slices.Clone(weights)
	copy(damaged[len(damaged)-4:], "oops")
	testdir.Write(t, saved, "model.safetensors", string(damaged))
	_, err := Finetune(t.Context(), c, silent())
	if err == nil || !errors.Is(err, checkpoints.ErrDamaged) || !strings.Contains(err.Error(),
		"model.safetensors is damaged") {
		t.Fatalf("error %v", err)
	}
	for _, gone := range []string{saved, filepath.Join(filepath.Dir(saved), "latest")} { // as the message says
		if err := os.RemoveAll(gone); err != nil {
			t.Fatal(err)
		}
	}
	if r := finetune(t, c, Options{Resume: true}); r.Step != 8 {
		t.Errorf("resumed to step %d, want 8", r.Step)
	}
}

// A run of before has set task.step, which is called task.round_to now, also in an entry of a mixture.
func TestFlattenMixture_OlderKeys(t *testing.T) {
	older := map[string]string{"task.step": "0.5", "data.mixture": "[{name: a, train: [b], step: 0.5}]"}
	newer := map[string]string{"task.round_to": "0.5", "data.mixture": "[{name: a, train: [b], round_to: 0.5}]"}
	was, is := flattenMixture(older), flattenMixture(newer)
	if !maps.Equal(was, is) || is["task.round_to"] != "0.5" || is[evaluate.ComponentKey("a")+", round_to"] != "0.5" {
		t.Errorf("got %v and %v, want the same with the names of now", was, is)
	}
}
