package sweep

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"t5train/checkpoints"
	"t5train/internal/atomicfile"
	"t5train/trainer/evaluate"
	"t5train/trainer/metric"
)

// comparison keeps the gains of a sweep: what it has measured on the test data is not measured again.
type comparison struct {
	Trial    int      `json:"trial"` // the best one
	Steps    []int    `json:"steps"` // of the best checkpoints of trial 0 and of that one
	TestData []string `json:"test_data"`
	Gains
}

// of reports whether the gains are those of the best trial of a result.
func (c comparison) of(r *Result) bool {
	return r.Best == c.Trial && r.Trials[0].Failed == "" && slices.Equal(c.Steps, r.bestSteps())
}

// bestSteps returns the steps of the best checkpoints of trial 0 and of the best trial.
func (r *Result) bestSteps() (steps []int) {
	for _, n := range []int{0, r.Best} {
		at := r.Trials[n].at(len(r.Trials[n].Rungs) - 1)
		if at == nil {
			return nil
		}
		steps = append(steps, at.BestStep)
	}
	return steps
}

// finish writes the best configuration, and compares it with trial 0. Of several processes the first one does.
func (w *work) finish(ctx context.Context) (*Result, error) {
	release, err := w.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	r, err := Read(w.Output)
	if err != nil || r.Best < 0 {
		return r, err
	}
	if err := w.writeBest(r); err != nil {
		return nil, err
	}
	c := comparison{Trial: r.Best, Steps: r.bestSteps(), TestData: w.Test}
	if r.Best == 0 || len(c.Steps) < 2 || w.defaults.Pretraining() || len(w.defaults.Data.Mixture) > 0 {
		return r, nil
	}
	path := filepath.Join(w.Output, resultName)
	was, err := readJSON[comparison](path)
	if err == nil && was.of(r) && slices.Equal(was.TestData, w.Test) {
		return r, nil
	}
	o := evaluate.Options{Data: w.defaults.Data.Validation, MaxExamples: w.defaults.Data.MaxValidationExamples}
	if c.Validation, err = w.gain(ctx, r, o); err == nil && len(w.Test) > 0 {
		c.Test, err = w.gain(ctx, r, evaluate.Options{Data: w.Test})
	}
	if err != nil {
		return nil, err
	}
	r.Gains = c.Gains
	return r, writeJSON(path, c)
}

// gain evaluates trial 0 and the best trial on the same data.
func (w *work) gain(ctx context.Context, r *Result, o evaluate.Options) (*Gain, error) {
	o.Threads, o.BatchSize, o.Sink = w.defaults.Train.Threads, w.defaults.Eval.BatchSize, progressOnly(w.Sink)
	var evaluations []*evaluate.Evaluation
	for i, n := range []int{0, r.Best} {
		run, err := checkpoints.OpenRun(TrialDir(w.Output, n))
		if err != nil {
			return nil, err
		}
		folder, _, err := checkpoints.Open(run.Dir(r.bestSteps()[i]))
		if err != nil {
			return nil, err
		}
		e, err := evaluate.Evaluate(ctx, folder, o)
		if err != nil {
			return nil, fmt.Errorf("compare trial %d: %w", n, err)
		}
		evaluations = append(evaluations, e)
	}
	before, after := evaluations[0], evaluations[1]
	values := after.Map()
	if _, ok := values[r.Metric]; !ok {
		return nil, errors.New("compare trials: the data has no " + r.Metric)
	}
	g := &Gain{Metric: r.Metric, Defaults: before.Map()[r.Metric], Best: values[r.Metric],
		Examples: int(values["examples"])}
	for i, s := range after.Sampled {
		if !slices.Contains(metric.Names(s.Result()), r.Metric) {
			continue
		}
		interval, err := metric.BootstrapDifference(ctx, before.Sampled[i], s, r.Metric, 0)
		if err != nil {
			return nil, err
		}
		g.Low, g.High = &interval.Low, &interval.High
	}
	return g, nil
}

// writeBest writes the best settings as a configuration of their own.
func (w *work) writeBest(r *Result) error {
	best := w.defaults
	if r.Best > 0 {
		var err error
		if best, err = w.trialConfig(w.defaults, w.everySteps, r.Trials[r.Best].Settings); err != nil {
			return err
		}
	}
	c := *best
	c.Output, c.Data.Tokens = filepath.Join(w.Output, "best"), w.defaults.Data.Tokens
	text, err := c.YAML()
	if err != nil {
		return err
	}
	head := fmt.Sprintf("# For t5train %s: the best settings of the sweep in %s, those of trial %d:\n# %s\n\n",
		w.Command, w.Output, r.Best, settingsText(r.Trials[r.Best].Settings))
	path := BestFile(w.Output)
	return atomicfile.WriteError(path, atomicfile.ReplaceFile(path, append([]byte(head), text...)))
}

// BestFile returns the path of the best settings of a sweep.
func BestFile(output string) string { return filepath.Join(output, bestName) }
