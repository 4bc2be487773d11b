package trainer

import (
	"t5train/internal/ui"
	"t5train/trainer/metric"
	"t5train/trainer/runlog"
)

// Hooks are functions that a run calls as it goes, in the goroutine of the run: what they take, the run waits for.
// Each may be nil. They change nothing of the run; an error ends it. On several ranks each rank calls its own.
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

func (e EvalEvent) row() runlog.Eval {
	metrics := runlog.OnlyFinite(e.Metrics)
	return runlog.Eval{Kind: runlog.KindEval, Step: e.Step, Epoch: e.Epoch, Metrics: metrics, Time: runlog.Now()}
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
			return log.AddEval(e.row())
		},
	}
}

// sinkHooks report a run to the user: to a sink, and to the progress of its steps. The metrics in shown come first.
func sinkHooks(sink ui.Sink, progress ui.Progress, shown []string) Hooks {
	return Hooks{
		OnStep: func(e StepEvent) error {
			if e.Row != nil {
				progress.Report(*e.Row)
			}
			progress.Set(int64(e.Step)) // after the report: drawing the bar takes what is reported
			return nil
		},
		OnEval: func(e EvalEvent) error {
			reportEval(sink, e, metric.Format(e.Metrics, shown...))
			return nil
		},
	}
}

func reportEval(sink ui.Sink, e EvalEvent, values string) {
	if e.Step == 0 {
		ui.Metrics(sink, e.row(), "step 0, the model as it was: validation %s", values)
		return
	}
	if e.Improved {
		values += "  (best)"
	}
	ui.Metrics(sink, e.row(), "step %d, epoch %.2f: validation %s", e.Step, e.Epoch, values)
	for _, line := range e.Samples {
		ui.Detail(sink, "", "%s", line)
	}
	if e.Stopping {
		ui.Say(sink, "stop", "%d evaluations without a better %s", e.SinceBest, e.Metric)
	}
}
