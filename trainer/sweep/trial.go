package sweep

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/internal/atomicfile"
	"t5train/internal/bounded"
	"t5train/trainer/metric"
	"t5train/trainer/runlog"
)

// Trial is a run of a sweep, as its file keeps it.
type Trial struct {
	Number   int             `json:"-"`
	Settings []configs.Value `json:"settings"`         // by which it differs from trial 0
	Target   int             `json:"target"`           // rung that it trains to, or has reached
	Rungs    []Rung          `json:"rungs"`            // that it has reached
	Failed   string          `json:"failed,omitempty"` // why it has no result
	Jobs     []Span          `json:"jobs"`             // when it was trained
}

// Rung is what a trial had reached at its first evaluation behind a share of its steps.
type Rung struct {
	Step     int      `json:"step"`
	Share    float64  `json:"share"` // of its steps that are done
	Value    *float64 `json:"value"` // of the metric that decides, the best so far; nil if it was not finite
	Loss     float64  `json:"loss"`  // validation loss of that evaluation
	BestStep int      `json:"best_step"`
}

// Span is a time of work.
type Span struct {
	Begun time.Time `json:"begun"`
	Ended time.Time `json:"ended"`
}

// Seconds returns how long a trial was trained.
func (t Trial) Seconds() (sum float64) {
	for _, s := range t.Jobs {
		sum += s.Ended.Sub(s.Begun).Seconds()
	}
	return sum
}

// worked returns the time in which at least one trial was trained.
func worked(trials []Trial) (sum time.Duration) {
	var spans []Span
	for _, t := range trials {
		spans = append(spans, t.Jobs...)
	}
	slices.SortFunc(spans, func(a, b Span) int { return a.Begun.Compare(b.Begun) })
	var until time.Time
	for _, s := range spans {
		if s.Begun.Before(until) {
			s.Begun = until
		}
		if s.Ended.After(s.Begun) {
			sum, until = sum+s.Ended.Sub(s.Begun), s.Ended
		}
	}
	return sum
}

// The files of a sweep.
const (
	recordName = "sweep.json"
	resultName = "result.json"
	bestName   = "best.yaml"
	trialsName = "trials"
	trialName  = "trial.json"
	lockSuffix = ".t5train-lock"
)

// TrialDir returns the folder of a trial's run.
func TrialDir(output string, trial int) string {
	return filepath.Join(output, trialsName, fmt.Sprintf("%03d", trial))
}

// trialLock is the lock of the process that trains a trial.
func trialLock(output string, trial int) string {
	return filepath.Join(output, trialsName, fmt.Sprintf(".%03d%s", trial, lockSuffix))
}

// readTrials returns the trials that were begun.
func readTrials(output string) (trials []Trial, err error) {
	for n := 0; ; n++ {
		t, err := readTrial(output, n)
		if errors.Is(err, fs.ErrNotExist) {
			return trials, nil
		}
		if err != nil {
			return nil, err
		}
		trials = append(trials, t)
	}
}

func readTrial(output string, n int) (Trial, error) {
	t, err := readJSON[Trial](filepath.Join(TrialDir(output, n), trialName))
	t.Number = n
	return t, err
}

// write keeps a trial. Its lock must be held.
func (t Trial) write(output string) error {
	dir := TrialDir(output, t.Number)
	if err := atomicfile.MkdirInner(dir); err != nil {
		return atomicfile.WriteError(dir, err)
	}
	return writeJSON(filepath.Join(dir, trialName), t)
}

func readJSON[T any](path string) (v T, err error) {
	text, err := bounded.ReadFile(path)
	if err != nil {
		return v, fmt.Errorf("read sweep: %w", err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fmt.Errorf("read %s: %w: copy the sweep again, or begin another one", path, err)
	}
	return v, nil
}

func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", " ")
	if err == nil {
		err = atomicfile.ReplaceFile(path, append(text, '\n'))
	}
	return atomicfile.WriteError(path, err)
}

// reached returns the rungs that a run has reached with its latest checkpoint, and the metric that decides. What it
// has evaluated after that comes again. Of a run that is done, they are all.
func reached(dir string, shares []float64, done bool) (rungs []Rung, name string, err error) {
	run, err := checkpoints.OpenRun(dir)
	if err != nil {
		return nil, "", err
	}
	latest, found, err := run.Latest()
	if err != nil || !found {
		return nil, "", err
	}
	record, err := runlog.Read[runlog.Run](filepath.Join(dir, filepath.FromSlash(runlog.RunName)))
	if err != nil {
		return nil, "", err
	}
	history, err := runlog.ReadHistory(filepath.Join(dir, runlog.HistoryName))
	if err != nil {
		return nil, "", err
	}
	best := Rung{}
	for _, e := range history.Eval {
		if e.Step == 0 || e.Step > latest {
			continue
		}
		value, ok := e.Metrics[record.Metric]
		loss := e.Metrics["loss"]
		if ok && (best.Value == nil || metric.Better(record.Metric, value, *best.Value) ||
			value == *best.Value && loss < best.Loss) {
			best.Value, best.Loss, best.BestStep = &value, loss, e.Step
		}
		best.Step, best.Share = e.Step, float64(e.Step)/float64(max(1, record.Steps))
		for len(rungs) < len(shares)-1 && behind(e.Step, shares[len(rungs)], record.Steps) {
			rungs = append(rungs, best)
		}
	}
	for done && len(rungs) < len(shares) {
		best.Share = 1 // it may have ended early
		rungs = append(rungs, best)
	}
	return rungs, record.Metric, nil
}

// behind reports whether a step is at a share of the steps of a run, or behind it.
func behind(step int, share float64, steps int) bool {
	return float64(step) >= share*float64(steps)-1e-6
}

// exists reports whether a sweep is in a folder.
func exists(output string) bool {
	_, err := os.Stat(filepath.Join(output, recordName))
	return err == nil
}

// state says in a word how far a trial is.
func (t Trial) state(shares []float64) string {
	switch {
	case t.Failed != "":
		return "failed"
	case len(t.Rungs) == len(shares):
		return "finished"
	case len(t.Rungs) == 0:
		return "begun"
	}
	return fmt.Sprintf("paused at %.3g %%", 100*shares[cmp.Or(len(t.Rungs), 1)-1])
}
