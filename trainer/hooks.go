package trainer

import (
	"fmt"
	"strings"
	"time"

	"t5train/internal/ui"
	"t5train/trainer/metric"
	"t5train/trainer/runlog"
)

// Hooks are functions that a run calls as it goes, in the goroutine of the run: what they take, the run waits for. Each may be
// nil. They change nothing of the run; an error ends it. On several ranks each rank calls its own.
type Hooks struct {
	OnStep       func(StepEvent) error       // after each optimizer step
	OnEval       func(EvalEvent) error       // after each evaluation
	OnCheckpoint func(CheckpointEvent) error // once a checkpoint is being written, on the first rank
}

// StepEvent is an optimizer step that is done.
type StepEvent struct {
	Step  int           // from 1
	Steps int           // of the whole run
	Row   *runlog.Train // the steps since the row before, every train.log_every steps and at the last one; else nil
}

// EvalEvent is an evaluation on the validation data.
type EvalEvent struct {
	Step      int     // 0: the model that pre-training starts from, which is not compared with others
	Epoch     float64 // passes over the training data, with a fraction
	Metrics   map[string]float64
	Metric    string // that decides which checkpoint is the best
	Improved  bool   // it is the best so far
	SinceBest int    // evaluations since the best one
	Stopping  bool   // the run ends early: eval.patience evaluations were no better
	Samples   []string
}

// CheckpointEvent is a checkpoint that is written in the background, or, of a run that ends, was written.
type CheckpointEvent struct {
	Step     int
	Best     bool // it is the best so far
	Finished bool // no step of the run is left
}

// hookList are hooks that are called one after the other, until one fails.
type hookList []Hooks

func (list hookList) step(e StepEvent) error {
	return callAll(list, func(h Hooks) func(StepEvent) error { return h.OnStep }, e)
}

func (list hookList) eval(e EvalEvent) error {
	return callAll(list, func(h Hooks) func(EvalEvent) error { return h.OnEval }, e)
}

func (list hookList) checkpoint(e CheckpointEvent) error {
	return callAll(list, func(h Hooks) func(CheckpointEvent) error { return h.OnCheckpoint }, e)
}

func callAll[E any](list hookList, hook func(Hooks) func(E) error, event E) error {
	for _, h := range list {
		if f := hook(h); f != nil {
			if err := f(event); err != nil {
				return err
			}
		}
	}
	return nil
}

// historyHooks write the metrics of a run.
func historyHooks(log *runlog.Log) Hooks {
	return Hooks{
		OnStep: func(e StepEvent) error {
			if e.Row == nil {
				return nil
			}
			return log.AddTrain(*e.Row)
		},
		OnEval: func(e EvalEvent) error {
			return log.AddEval(runlog.Eval{
				Kind: runlog.KindEval, Step: e.Step, Epoch: e.Epoch, Metrics: runlog.OnlyFinite(e.Metrics), Time: runlog.Now(),
			})
		},
	}
}

// consoleLog shows a run to a person.
type consoleLog struct {
	console  *ui.Console
	progress *ui.Progress
	shown    []string  // metrics that come first
	lineAt   time.Time // of the last line about a step
}

func (c *consoleLog) hooks() Hooks { return Hooks{OnStep: c.step, OnEval: c.eval} }

func (c *consoleLog) step(e StepEvent) error {
	if r := e.Row; r != nil {
		c.row(e, r)
	}
	c.progress.Set(int64(e.Step)) // after the description: drawing the bar takes what is described
	return nil
}

func (c *consoleLog) row(e StepEvent, r *runlog.Train) {
	details := []string{
		fmt.Sprintf("loss %.4f", r.Loss), fmt.Sprintf("lr %.2e", r.LearningRate),
		ui.Grouped(int(r.TokensPerSecond)) + " tokens/s", fmt.Sprintf("%.0f %% of peak", 100*r.PeakShare),
	}
	if r.ReduceShare > 0 {
		details = append(details, fmt.Sprintf("%.0f %% reducing", 100*r.ReduceShare))
	}
	c.progress.Describe(details...)
	if !c.console.SaysStep(c.lineAt, e.Step == e.Steps) {
		return
	}
	c.lineAt = time.Now()
	if e.Step < e.Steps && r.Seconds >= ui.SpeedAfter.Seconds() {
		left := time.Duration(r.SecondsLeft * float64(time.Second))
		details = append(details, left.Round(time.Second).String()+" left")
	}
	c.console.Say("step %d/%d  epoch %.2f  %s", e.Step, e.Steps, r.Epoch, strings.Join(details, ui.Gap))
}

func (c *consoleLog) eval(e EvalEvent) error {
	values := metric.Format(e.Metrics, c.shown...)
	if e.Step == 0 {
		c.console.Say("step 0, the model as it was: validation %s", values)
		return nil
	}
	if e.Improved {
		values += "  (best)"
	}
	c.console.Say("step %d, epoch %.2f: validation %s", e.Step, e.Epoch, values)
	for _, line := range e.Samples {
		c.console.Say("  %s", line)
	}
	if e.Stopping {
		c.console.Say("stop: %d evaluations without a better %s", e.SinceBest, e.Metric)
	}
	return nil
}
