package trainer

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/internal/difference"
	"t5train/internal/ui"
	"t5train/trainer/card"
	"t5train/trainer/evaluate"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

// resumePoint is where a run begins: at its first step, or at a checkpoint of the same run.
type resumePoint struct {
	found  bool // the output folder holds a run
	step   int  // of its latest checkpoint
	resume bool // that run; else it is replaced
	dir    string
	state  state

	extended bool // it was finished, and goes on with a new schedule
}

// findResumePoint looks at what the output folder holds.
func findResumePoint(run *checkpoints.Run, c *configs.Config, o Options) (resumePoint, error) {
	step, found, err := run.Latest()
	if err != nil {
		return resumePoint{}, err
	}
	switch {
	case !found && o.Resume:
		return resumePoint{}, fmt.Errorf("resume: %s holds no checkpoint: start without run.resume", c.Output)
	case !found && o.Extend:
		return resumePoint{}, fmt.Errorf("extend: %s holds no run: start without run.extend", c.Output)
	case !found:
		return resumePoint{}, checkConfigSpared(c.Output, o.Overwrite)
	case o.Overwrite:
		return resumePoint{found: true, step: step}, nil
	}
	s := resumePoint{found: true, step: step, resume: true, dir: run.Dir(step)}
	if s.state, err = readState(s.dir); err != nil {
		return resumePoint{}, err
	}
	minutes := 0.0
	if !o.Extend || !s.state.Finished {
		minutes = s.state.keepSteps(&c.Train)
	}
	s.state.keepDecay(&c.Optimizer)
	was, is := flattenMixture(s.state.Config), flattenMixture(resumeKeys(c))
	if minutes > 0 {
		was["train.minutes"] = fmt.Sprint(s.state.Minutes)
		delete(was, "train.steps")
		delete(is, "train.steps")
	}
	// A key that the run did not know yet, because it is newer, had what is its default now.
	usual := resumeKeys(configs.Default())
	maps.DeleteFunc(is, func(key, value string) bool {
		_, known := was[key]
		return !known && usual[key] == value
	})
	if o.Extend {
		if err := s.extend(c.Output, was, is); err != nil {
			return resumePoint{}, err
		}
	}
	if !s.state.Finished { // else nobody would notice other data
		maps.DeleteFunc(was, isPathKey)
		maps.DeleteFunc(is, isPathKey)
	}
	if changes := difference.Of(was, is); len(changes) > 0 {
		return resumePoint{}, fmt.Errorf("resume: %s holds a run of another configuration, saved at step %d, "+
			"and the result would be neither's (its value -> yours):\n  %s\n"+
			"undo the changes to resume it, choose another run.output (model.path %s trains its weights further; "+
			"run.extend a finished run), or start again with run.overwrite",
			c.Output, step, strings.Join(changes, "\n  "), c.Output)
	}
	return s, nil
}

// checkConfigSpared makes sure that a config.yaml in a folder without checkpoints is that of a run, and not the user's
// own.
func checkConfigSpared(output string, overwrite bool) error {
	exists := func(name string) bool {
		_, err := os.Lstat(filepath.Join(output, name))
		return err == nil
	}
	if overwrite || !exists(runlog.ConfigName) || exists(runlog.HistoryName) || exists(runlog.DirName) {
		return nil
	}
	return fmt.Errorf("output: %s holds no run but a %s, which the run would replace: "+
		"choose another run.output, move the file away, or replace it with run.overwrite", output, runlog.ConfigName)
}

// start returns the checkpoint to start from, the zero value for none. Its weights are what was written: damaged ones
// would train on without an error.
func (s resumePoint) start(output string) (setup.Start, error) {
	if !s.resume {
		return setup.Start{}, nil
	}
	if err := checkpoints.Verify(s.dir); err != nil {
		return setup.Start{}, cannotResume(s.dir, err)
	}
	how := "resume the run in %s from step %d (run.overwrite starts again)"
	if s.extended {
		how = "extend the run in %s, finished at step %d: more steps, with a learning-rate schedule that begins there"
	}
	return setup.Start{Dir: s.dir, How: fmt.Sprintf(how, output, s.step)}, nil
}

// cleanupFinished tidies the folder of a run whose steps are all done, as far as that was not done before it was
// killed, and shows a line about it.
func (s resumePoint) cleanupFinished(run *checkpoints.Run, c *configs.Config, sink ui.Sink) error {
	unlock, err := checkpoints.LockRun(c.Output)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.check(run, c.Output); err != nil {
		return err
	}
	if err := tidy(run, s.step, s.state.BestStep == s.step, c.Checkpoint.KeepLast); err != nil {
		return err
	}
	card.WriteAll(sink, c, run.Dir(cmp.Or(s.state.BestStep, s.step)), run.Dir(s.step))
	ui.Say(sink, "", "the run in %s is finished, at step %d: nothing is left to do "+
		"(run.extend trains further, run.overwrite again)", c.Output, s.step)
	return nil
}

// check makes sure that no other process has trained in the output folder since findResumePoint looked. The lock must
// be held.
func (s resumePoint) check(run *checkpoints.Run, output string) error {
	step, found, err := run.Latest()
	if err != nil {
		return err
	}
	if found != s.found || step != s.step {
		return fmt.Errorf("another process has trained in %s just now, to step %d: "+
			"start again, with run.resume to resume from there, or choose another run.output", output, step)
	}
	return nil
}

// discard removes the checkpoints of the run that this one replaces.
func (s resumePoint) discard(run *checkpoints.Run) error {
	if !s.found || s.resume {
		return nil
	}
	return run.Clear()
}

// resume sets the loop to where a checkpoint left off. The weights are loaded already.
func (l *loop) resume(from resumePoint) error {
	if err := sameData(from.state, l.state); err != nil {
		return err
	}
	is := l.state
	l.state, l.saver.step = from.state, from.step
	l.state.Config = is.Config // which may name other paths of the same data
	if from.extended {
		l.state.Minutes, l.state.Total = is.Minutes, is.Total
	}
	if l.state.Metric == "" && l.evalSet != nil { // of a run that older versions began, by the task alone
		best := l.evalSet.Best()
		if spec := l.folder.Info.Task; spec != nil {
			best = spec.Best()
		}
		l.state.Metric = cmp.Or(l.config.Eval.Metric, best)
	}
	info, err := checkpoints.ReadInfo(from.dir)
	if err != nil {
		return err
	}
	l.metrics = info.Metrics
	if l.state.Best != nil && l.state.BestLoss == nil { // of a run that older versions began
		l.state.BestLoss = bestLoss(l.saver.run.Dir(l.state.BestStep))
	}
	return loadOptimizer(from.dir, l.stepper.Optimizer)
}

// bestLoss returns the validation loss of a checkpoint, nil where that is not known.
func bestLoss(dir string) *float64 {
	info, err := checkpoints.ReadInfo(dir)
	if loss, ok := info.Metrics["loss"]; err == nil && ok {
		return &loss
	}
	return nil
}

// sameData makes sure that the data is what it was when the run began.
func sameData(was, is state) error {
	if is.Examples != was.Examples {
		return fmt.Errorf("resume: the training data has %d examples, but had %d when the run began: %w",
			is.Examples, was.Examples, setup.ErrOtherData)
	}
	for _, key := range difference.Names(was.Data, is.Data) {
		if is.Data[key] != was.Data[key] {
			return fmt.Errorf("resume: %s has other examples than when the run began: %w", key, setup.ErrOtherData)
		}
	}
	return nil
}

// mayChangeOnResume reports whether a key may differ when a run is resumed, because it does not change what is
// computed: where files lie, the number of threads, what is logged and when the run is saved. The keys of eval may
// not: they decide which checkpoint is the best and when patience ends, eval.batch_size by rounding.
func mayChangeOnResume(key string) bool {
	switch key {
	case "output", "data.tokens", "train.threads", "train.recompute", "train.log_every", "eval.samples":
		return true
	}
	return strings.HasPrefix(key, "checkpoint.")
}

// isPathKey reports whether a key says where data lies. It may have been moved: what it holds is for sameData to
// compare.
func isPathKey(key, _ string) bool {
	if strings.HasPrefix(key, evaluate.ComponentKey("")) {
		return strings.HasSuffix(key, ", train") || strings.HasSuffix(key, ", validation")
	}
	return key == "data.train" || key == "data.validation" || key == "distill.teacher" || key == "distill.outputs"
}

// flattenMixture gives each key of each entry of a mixture a value of its own, so that one is compared with its like,
// and calls keys by the names that they have now.
func flattenMixture(values map[string]string) map[string]string {
	config := make(map[string]string, len(values))
	for key, value := range values {
		config[configs.CurrentKey(key)] = value
	}
	entries, err := configs.Entries(config["data.mixture"])
	if err != nil {
		return config
	}
	delete(config, "data.mixture")
	var names []string
	for _, e := range entries {
		names = append(names, e.Name)
		for _, v := range e.Values {
			config[evaluate.ComponentKey(e.Name)+", "+v.Key] = v.Text
		}
	}
	if names != nil {
		config["data.mixture, in this order"] = strings.Join(names, ", ")
	}
	return config
}

// resumeKeys returns the keys of a configuration that decide about the numbers.
func resumeKeys(c *configs.Config) map[string]string {
	values := make(map[string]string)
	for _, v := range c.Values() {
		if !mayChangeOnResume(v.Key) {
			values[v.Key] = v.Text
		}
	}
	return values
}
