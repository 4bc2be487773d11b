package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/internal/difference"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

// Options say what of a run is trained again. The zero value is all of it.
type Options struct {
	Sink  ui.Sink  // nil is silent
	From  int      // step of the checkpoint to begin at; 0 is the beginning of the run
	Steps int      // steps to train; 0 is to the last checkpoint
	Set   []string // data.train=[a.parquet] and the like, where files have been moved: digests decide
}

// ErrDiffers is the error of a run that is not what its settings and its data give.
var ErrDiffers = errors.New("the run cannot be confirmed")

// work is a run that is trained again.
type work struct {
	Options
	dir     string
	run     *checkpoints.Run
	config  *configs.Config
	state   state // of the latest checkpoint
	kept    []int // steps of checkpoints
	history runlog.History
	redo    string // the temporary folder of the second run
	done    Certificate
}

// Run trains a run again in a temporary folder beside it and compares losses, evaluations, weights and the state of the
// optimizer. What differs is [ErrDiffers] with the first step at which it does; other errors are of runs that cannot be
// trained again, such as one whose data is gone.
func Run(ctx context.Context, dir string, o Options) (*Certificate, error) {
	w := &work{Options: o, dir: dir}
	if err := w.open(); err != nil {
		return nil, fmt.Errorf("verify %s: %w", dir, err)
	}
	var err error
	if w.redo, err = os.MkdirTemp(filepath.Dir(filepath.Clean(dir)), ".verify-"); err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	defer os.RemoveAll(w.redo)
	w.config.Output = filepath.Join(w.redo, "run")
	w.config.Data.Tokens = "" // tokenized again
	w.config.Checkpoint = configs.Checkpoint{EverySteps: 1 << 30, KeepLast: 1}
	if err := w.sameInputs(ctx); err != nil {
		return nil, fmt.Errorf("verify %s: %w", dir, err)
	}
	if err := w.train(ctx); err != nil {
		return nil, fmt.Errorf("verify %s: %w", dir, err)
	}
	return &w.done, nil
}

// open reads what the folder says about the run.
func (w *work) open() (err error) {
	if w.run, err = checkpoints.OpenRun(w.dir); err != nil {
		return err
	}
	if w.kept, err = w.run.Steps(); err != nil {
		return err
	}
	slices.Sort(w.kept)
	if len(w.kept) == 0 {
		return errors.New("there is no checkpoint to compare with: train it first")
	}
	if w.state, err = readState(w.run.Dir(w.kept[len(w.kept)-1])); err != nil {
		return err
	}
	for _, step := range w.kept {
		if err := checkpoints.Verify(w.run.Dir(step)); err != nil {
			return fmt.Errorf("%w: checkpoint of step %d: %w", ErrDiffers, step, err)
		}
	}
	begin := 0
	switch {
	case w.From > 0 && !slices.Contains(w.kept, w.From):
		return fmt.Errorf("from: there is no checkpoint of step %d: want one of %v, or 0 for the beginning", w.From,
			w.kept)
	case w.From > 0:
		s, err := readState(w.run.Dir(w.From))
		if err != nil {
			return err
		}
		begin = s.ScheduleStep
	}
	if begin != w.state.ScheduleStep {
		return fmt.Errorf("the run was extended at step %d, and its folder has the settings since then: begin at a "+
			"checkpoint behind that step, one of %v", w.state.ScheduleStep, w.kept)
	}
	if w.From == w.kept[len(w.kept)-1] {
		return fmt.Errorf("from: there is no checkpoint behind step %d to compare with", w.From)
	}
	path := filepath.Join(w.dir, runlog.ConfigName)
	if w.config, err = configs.Load(configs.LoadOptions{File: path}); err != nil {
		return err
	}
	if changes := w.changed(); len(changes) > 0 {
		return fmt.Errorf("%w: %s is not what the run was trained with (the run's value -> the file's):\n  %s",
			ErrDiffers, path, strings.Join(changes, "\n  "))
	}
	if w.config, err = configs.Load(configs.LoadOptions{File: path, Set: w.Set, SetName: "set"}); err != nil {
		return err
	}
	w.history, err = runlog.ReadHistory(filepath.Join(w.dir, runlog.HistoryName))
	if errors.Is(err, os.ErrNotExist) {
		err = nil // only checkpoints are compared then
	}
	return err
}

// changed compares the settings in the folder with those in its latest checkpoint.
func (w *work) changed() []string {
	was, is := map[string]string{}, map[string]string{}
	for key, value := range w.state.Config {
		was[configs.CurrentKey(key)] = value
	}
	if w.state.Minutes > 0 {
		delete(was, "train.minutes")
		delete(was, "train.steps")
	}
	for _, v := range w.config.Values() {
		if _, known := was[v.Key]; known {
			is[v.Key] = v.Text
		}
	}
	return difference.Of(was, is)
}

// sameInputs compares the data and the model to start from with what the run has read.
func (w *work) sameInputs(ctx context.Context) error {
	workers := kernel.NewWorkers(w.config.Train.Threads)
	start := setup.Start{}
	if w.From > 0 {
		start = setup.Start{Dir: w.run.Dir(w.From), How: fmt.Sprintf("the checkpoint of step %d", w.From)}
	}
	folder, err := setup.StartModel(w.config, start, true, nil)
	if err != nil {
		return fmt.Errorf("read the model that it started from: %w", moved(err, "model.path"))
	}
	was := w.state.Data
	if w.From == 0 {
		was = nil // weights are digested
	}
	d, err := setup.Read(ctx, w.config, folder, was, workers, nil)
	if err != nil {
		return fmt.Errorf("read its data: %w", moved(err, "data.train"))
	}
	defer d.Close()
	for _, key := range difference.Names(w.state.Data, d.Digests) {
		was, is := w.state.Data[key], d.Digests[key]
		switch {
		case was == "":
			ui.Say(w.Sink, ui.Warning, "the run has no digest of %s, so that only what follows from it is compared",
				key)
		case is != was:
			return fmt.Errorf("%w: %s is not what the run has read, digest %.16s, but %.16s", ErrDiffers, key, was, is)
		default:
			ui.Say(w.Sink, key, "is what the run has read (digest %.16s)", is)
		}
	}
	w.done = Certificate{Format: format, Run: filepath.Base(filepath.Clean(w.dir)), Config: w.state.Config,
		Data: w.state.Data, Examples: w.state.Examples, From: w.From, Time: time.Now().UTC().Truncate(time.Second)}
	w.done.Version, w.done.Commit = runlog.Build()
	return nil
}

// moved adds what to do about files that are not where they were.
func moved(err error, key string) error {
	if errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), "does not exist") ||
		strings.Contains(err.Error(), "there is no such") {
		return fmt.Errorf("%w (where files have been moved, say where to, as %s; digests show that they are the same)",
			err, key)
	}
	return err
}

// train makes the steps again, from one checkpoint that was kept to the next.
func (w *work) train(ctx context.Context) error {
	resume := false
	if w.From > 0 {
		if err := w.copyCheckpoint(w.From); err != nil {
			return err
		}
		resume = true
	}
	last := w.kept[len(w.kept)-1]
	if w.Steps > 0 {
		last = min(last, w.From+w.Steps)
	}
	stops := slices.DeleteFunc(slices.Clone(w.kept), func(step int) bool { return step <= w.From || step >= last })
	for _, step := range append(stops, last) {
		if err := w.trainTo(ctx, step, resume); err != nil {
			return err
		}
		resume = true
		if slices.Contains(w.kept, step) {
			if err := w.compareCheckpoint(step); err != nil {
				return err
			}
		}
	}
	w.done.To = last
	again, err := readState(mustLatest(w.config.Output))
	w.done.Processors = again.Processors
	return err
}

// trainTo trains the second run to a step, where it stops with a checkpoint.
func (w *work) trainTo(ctx context.Context, step int, resume bool) error {
	stopping, stop := context.WithCancel(ctx)
	defer stop()
	compared := &comparison{work: w, stop: stop, last: step}
	train := trainer.Finetune
	if w.config.Pretraining() {
		train = trainer.Pretrain
	}
	bar := ui.Start(w.Sink, "verify", "steps", int64(step))
	defer bar.Stop()
	compared.bar = bar
	_, err := train(stopping, w.config, trainer.Options{Resume: resume, Hooks: []trainer.Hooks{compared.hooks()}})
	switch {
	case compared.err != nil:
		return w.explain(compared.err)
	case err != nil:
		return err
	}
	return ctx.Err()
}

// explain adds what may be the reason for other bits.
func (w *work) explain(err error) error {
	var reasons []string
	if s, stateErr := readState(mustLatest(w.config.Output)); stateErr == nil &&
		!slices.Equal(s.Processors, w.state.Processors) {
		reasons = append(reasons, fmt.Sprintf("this machine computes with %s and the run was computed with %s, which "+
			"round otherwise (T5_KERNEL chooses the kernel of a run)", strings.Join(s.Processors, ", "),
			strings.Join(w.state.Processors, ", ")))
	}
	record, readErr := runlog.Read[runlog.Run](filepath.Join(w.dir, runlog.RunName))
	version, commit := runlog.Build()
	if readErr == nil && len(record.Sessions) > 0 {
		if was := record.Sessions[0]; was.Version != version || was.Commit != commit {
			reasons = append(reasons, fmt.Sprintf("this is t5train %s, and the run is of %s",
				strings.TrimSpace(version+" "+commit), strings.TrimSpace(was.Version+" "+was.Commit)))
		}
	}
	if len(reasons) == 0 {
		reasons = []string{"kernel and version are those of the run, so it was changed, or computed by several ranks"}
	}
	return fmt.Errorf("%w: %w: %s", ErrDiffers, err, strings.Join(reasons, "; "))
}

// mustLatest returns the folder of the latest checkpoint of a run, "" without one.
func mustLatest(output string) string {
	run, err := checkpoints.OpenRun(output)
	if err != nil {
		return ""
	}
	step, found, err := run.Latest()
	if err != nil || !found {
		return ""
	}
	return run.Dir(step)
}

// comparison holds what the second run logs against what the first one did.
type comparison struct {
	*work
	stop func()
	bar  ui.Progress
	last int
	row  int // step of the row before
	err  error
}

func (c *comparison) hooks() trainer.Hooks {
	return trainer.Hooks{
		OnStep: func(e trainer.StepEvent) error {
			c.bar.Set(int64(e.Step))
			if e.Row != nil {
				c.compareRow(*e.Row)
			}
			if c.err != nil || e.Step >= c.last && e.Step < e.Steps { // the last step of all has an evaluation
				c.stop()
			}
			return nil
		},
		OnEval: func(e trainer.EvalEvent) error {
			if c.compareEval(e); c.err != nil {
				c.stop()
			}
			return nil
		},
	}
}

// compareRow compares a row with that of the run, if that is about the same steps.
func (c *comparison) compareRow(is runlog.Train) {
	before := c.row
	c.row = is.Step
	i := slices.IndexFunc(c.history.Train, func(r runlog.Train) bool { return r.Step == is.Step })
	if i < 0 || before > 0 && (i == 0 || c.history.Train[i-1].Step != before) {
		return
	}
	was := c.history.Train[i]
	c.done.Rows++
	for _, v := range []struct {
		name    string
		was, is float64
	}{{"loss", was.Loss, is.Loss}, {"gradient norm", was.GradNorm, is.GradNorm},
		{"learning rate", was.LearningRate, is.LearningRate}} {
		if v.was != v.is && c.err == nil {
			c.err = fmt.Errorf("step %d is the first that differs: its %s is %v, and was %v", is.Step, v.name, v.is,
				v.was)
		}
	}
}

func (c *comparison) compareEval(e trainer.EvalEvent) {
	i := slices.IndexFunc(c.history.Eval, func(r runlog.Eval) bool { return r.Step == e.Step })
	if i < 0 {
		return
	}
	c.done.Evaluations++
	is := runlog.OnlyFinite(e.Metrics)
	if was := c.history.Eval[i].Metrics; !maps.Equal(was, is) {
		for _, name := range slices.Sorted(maps.Keys(was)) {
			if was[name] != is[name] {
				c.err = fmt.Errorf("the evaluation of step %d is the first to differ: %s is %v, and was %v", e.Step,
					name, is[name], was[name])
				return
			}
		}
	}
}
