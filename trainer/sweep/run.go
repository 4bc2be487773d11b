package sweep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/configs/suit"
	"t5train/internal/atomicfile"
	"t5train/internal/difference"
	"t5train/internal/mmap"
	"t5train/internal/ui"
	"t5train/trainer"
	"t5train/trainer/evaluate"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

// Options are what a sweep needs besides its specification.
type Options struct {
	Sink ui.Sink // nil is silent
}

// record is what a sweep keeps of its specification. The decisions of another one do not go with it.
type record struct {
	Command   string            `json:"command"`
	Search    []Key             `json:"search"`
	Rungs     int               `json:"rungs"`
	Reduction int               `json:"reduction"`
	Seed      int               `json:"seed"`
	Base      map[string]string `json:"base"` // keys of the settings as they are
}

// work is a sweep that this process takes part in.
type work struct {
	*Spec
	Options
	defaults   *configs.Config // the settings as they are
	everySteps bool            // they say how often to evaluate
	shares     []float64
	deadline   time.Time // zero for none
	late       bool      // something was not begun for want of time
}

// Run trains trials until none is left, until the time is over, or until ctx ends, and then compares the best settings
// with those of trial 0. A sweep that is in the folder already goes on. A mistake that all trials would have, such as
// data that is not there, is an error; one of a single trial, such as a loss that diverges, is its result.
func Run(ctx context.Context, spec *Spec, o Options) (*Result, error) {
	r, err := run(ctx, spec, o)
	if !errors.Is(err, context.Canceled) {
		return r, err
	}
	if r, err = Read(spec.Output); errors.Is(err, fs.ErrNotExist) { // nothing was begun
		r, err = &Result{Output: spec.Output, Best: -1}, nil
	}
	if err == nil {
		r.Interrupted = true
	}
	return r, err
}

func run(ctx context.Context, spec *Spec, o Options) (*Result, error) {
	w := &work{Spec: spec, Options: o, shares: spec.shares()}
	if spec.Output == "" {
		return nil, errors.New("sweep: there is no folder for the trials: set output")
	}
	if spec.Base.Facts == nil {
		spec.Base.Facts = func(c configs.Config) suit.Facts { return setup.Facts(ctx, c) }
	}
	spec.Base.Facts = remembered(spec.Base.Facts)
	spec.Base.Sink = o.Sink
	if err := w.begin(ctx); err != nil {
		return nil, err
	}
	spec.Base.Sink = nil
	limited := ctx
	if spec.Minutes > 0 {
		trials, err := readTrials(spec.Output)
		if err != nil {
			return nil, err
		}
		w.deadline = time.Now().Add(time.Duration(spec.Minutes*float64(time.Minute)) - worked(trials))
		var stop context.CancelFunc
		limited, stop = context.WithDeadline(ctx, w.deadline)
		defer stop()
	}
	err := w.trials(limited)
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		w.late, err = true, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := w.finish(ctx)
	if err == nil {
		r.Late = w.late
	}
	return r, err
}

// remembered keeps the facts of the last model and data: to find them reads both.
func remembered(find func(configs.Config) suit.Facts) func(configs.Config) suit.Facts {
	known := map[string]suit.Facts{}
	return func(c configs.Config) suit.Facts {
		c.Train, c.Optimizer, c.Schedule, c.Eval, c.Checkpoint = configs.Train{Seed: c.Train.Seed},
			configs.Config{}.Optimizer, configs.Schedule{}, configs.Eval{}, configs.Checkpoint{}
		var key strings.Builder
		for _, v := range c.Values() {
			key.WriteString(v.Key + "=" + v.Text + "\n")
		}
		f, ok := known[key.String()]
		if !ok {
			f = find(c)
			known[key.String()] = f
		}
		return f
	}
}

// begin makes the folder of the sweep, or makes sure that it holds this one.
func (w *work) begin(ctx context.Context) (err error) {
	if w.defaults, w.everySteps, err = w.base(); err != nil {
		return err
	}
	if len(w.defaults.Data.Validation) == 0 && len(w.defaults.Data.Mixture) == 0 {
		return errors.New("sweep: trials are compared by their validation data: name it as data.validation of base")
	}
	if w.defaults.Pretraining() && w.defaults.Data.Tokens == "" {
		w.defaults.Data.Tokens = filepath.Join(w.Output, setup.TokensName) // tokenized once
	}
	is := record{w.Command, w.Search, w.Rungs, w.Reduction, w.Seed, map[string]string{}}
	for _, v := range w.defaults.Values() {
		if !mayChange(v.Key) {
			is.Base[v.Key] = v.Text
		}
	}
	if err := atomicfile.MkdirAll(filepath.Join(w.Output, trialsName)); err != nil {
		return atomicfile.WriteError(w.Output, err)
	}
	release, err := w.lock(ctx)
	if err != nil {
		return err
	}
	defer release()
	path := filepath.Join(w.Output, recordName)
	if !exists(w.Output) {
		return writeJSON(path, is)
	}
	was, err := readJSON[record](path)
	if err != nil {
		return err
	}
	if changes := difference.Of(was.flat(), is.flat()); len(changes) > 0 {
		return fmt.Errorf("resume sweep: %s holds one of another specification (its value -> yours):\n  %s\n"+
			"undo the changes to go on with it (trials, minutes and test may be others), or choose another output",
			w.Output, strings.Join(changes, "\n  "))
	}
	return nil
}

// mayChange reports whether a key may be another one when a sweep goes on: it does not change what is computed.
func mayChange(key string) bool {
	switch key {
	case "output", "data.tokens", "train.threads", "train.log_every":
		return true
	}
	return strings.HasPrefix(key, "checkpoint.")
}

// flat returns the values of a record by their names.
func (r record) flat() map[string]string {
	all := map[string]string{"command": r.Command, "rungs": fmt.Sprint(r.Rungs), "reduction": fmt.Sprint(r.Reduction),
		"seed": fmt.Sprint(r.Seed)}
	for key, text := range r.Base {
		all["base, "+key] = text
	}
	for _, k := range r.Search {
		all["search, "+k.Path] = k.String()
	}
	return all
}

// lock makes this process the only one that decides what is done next.
func (w *work) lock(ctx context.Context) (release func(), err error) {
	release, err = atomicfile.Lock(ctx, filepath.Join(w.Output, lockSuffix))
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("lock sweep %s: %w", w.Output, atomicfile.WithRemedy(err))
	}
	return release, err
}

// trials trains until nothing is left.
func (w *work) trials(ctx context.Context) error {
	for {
		t, release, busy, err := w.claim(ctx)
		switch {
		case err != nil:
			return err
		case t != nil:
			err = w.train(ctx, *t)
			release()
			if err != nil {
				return err
			}
		case !busy:
			return nil
		default: // the result of another process may let a trial go on
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
}

// claim takes the next trial that no other process trains, with its target. busy reports whether there are others.
func (w *work) claim(ctx context.Context) (t *Trial, release func(), busy bool, err error) {
	unlock, err := w.lock(ctx)
	if err != nil {
		return nil, nil, false, err
	}
	defer unlock()
	trials, err := readTrials(w.Output)
	if err != nil {
		return nil, nil, false, err
	}
	w.late = false
	name := w.metric(trials)
	next := slices.Collect(jobs(trials, name, w.Rungs, w.Reduction, w.most()))
	for i := 0; i < len(next); i++ {
		j := next[i]
		left := remaining(trials, w.shares, j.trial)
		if !w.deadline.IsZero() && time.Now().Add(time.Duration(left*float64(time.Second))).After(w.deadline) {
			if !w.late {
				next = slices.AppendSeq(next, spare(trials, name, w.Rungs))
			}
			w.late = true
			continue
		}
		release, err := atomicfile.TryLock(trialLock(w.Output, j.trial))
		if errors.Is(err, atomicfile.ErrLocked) {
			busy = true
			continue
		}
		if err != nil {
			return nil, nil, false, fmt.Errorf("lock trial %d: %w", j.trial, atomicfile.WithRemedy(err))
		}
		t, err := w.aim(trials, j)
		if err != nil || t == nil { // another process has trained it since it was read
			release()
			return nil, nil, true, err
		}
		return t, release, false, nil
	}
	return nil, nil, busy, nil
}

// aim writes down to which rung a trial is to train, whose lock is held; nil if it is no longer what was read.
func (w *work) aim(trials []Trial, j job) (*Trial, error) {
	t := Trial{Number: j.trial, Settings: w.settings(j.trial), Target: j.rung}
	if j.trial < len(trials) {
		was := trials[j.trial]
		now, err := readTrial(w.Output, j.trial)
		if err != nil || len(now.Rungs) != len(was.Rungs) || now.Failed != was.Failed || now.Target != was.Target {
			return nil, err
		}
		t = now
		if t.Target == j.rung {
			return &t, nil
		}
		t.Target = j.rung
	}
	return &t, t.write(w.Output)
}

// metric returns the metric that decides.
func (w *work) metric(trials []Trial) string { return metricOf(w.Output, len(trials)) }

// metricOf returns the metric that decides: that of the first run that knows.
func metricOf(output string, trials int) string {
	for n := range trials {
		r, err := runlog.Read[runlog.Run](filepath.Join(TrialDir(output, n), filepath.FromSlash(runlog.RunName)))
		if err == nil && r.Metric != "" {
			return r.Metric
		}
	}
	return ""
}

// train trains a trial to its target, and keeps what it has reached.
func (w *work) train(ctx context.Context, t Trial) error {
	dir := TrialDir(w.Output, t.Number)
	rungs, name, err := reached(dir, w.shares, false)
	if err == nil && len(rungs) <= t.Target {
		ui.Say(w.Sink, "trial", "%d of at most %d, %s: %s", t.Number, w.most(), w.aimed(t), settingsText(t.Settings))
		span := Span{Begun: time.Now().UTC()}
		var done bool
		done, err = w.runTrial(ctx, t, dir)
		span.Ended = time.Now().UTC()
		t.Jobs = append(t.Jobs, span)
		switch {
		case ctx.Err() != nil && !done:
			if writeErr := t.write(w.Output); writeErr != nil {
				return writeErr
			}
			return ctx.Err()
		case err == nil:
			rungs, name, err = reached(dir, w.shares, done)
		}
	}
	switch {
	case err != nil && (endsAll(err) || t.Number == 0 && !errors.Is(err, evaluate.ErrDiverged)):
		return err
	case err != nil:
		t.Failed = firstLine(err)
		ui.Detail(w.Sink, "", "trial %d failed: %s", t.Number, t.Failed)
	default:
		t.Rungs = rungs
		if at := t.Last(); at != nil {
			ui.Detail(w.Sink, "", "trial %d: %s %.4f, %s", t.Number, name, *at.Value, t.state(w.shares))
		}
	}
	return t.write(w.Output)
}

// aimed says how far a trial is to go.
func (w *work) aimed(t Trial) string {
	if t.Target == w.Rungs-1 {
		return "to its end"
	}
	return fmt.Sprintf("to %.3g %% of its steps", 100*w.shares[t.Target])
}

// runTrial trains the run of a trial up to its target; done is that nothing of it is left.
func (w *work) runTrial(ctx context.Context, t Trial, dir string) (done bool, err error) {
	c, sink := w.defaults, w.Sink
	if t.Number > 0 {
		sink = progressOnly(w.Sink)
		if c, err = w.trialConfig(w.defaults, w.everySteps, t.Settings); err != nil {
			return false, err
		}
	}
	if running, err := checkpoints.Running(dir); err != nil || running {
		return false, errors.Join(err, fmt.Errorf("trial %d: %w: %w", t.Number, atomicfile.ErrLocked, errRunning))
	}
	run := *c
	run.Output, run.Data.Tokens = dir, w.defaults.Data.Tokens
	paused, pause := context.WithCancel(ctx)
	defer pause()
	o := trainer.Options{Sink: sink}
	if t.Target < w.Rungs-1 {
		o.Hooks = []trainer.Hooks{{OnEval: func(e trainer.EvalEvent) error {
			r, err := runlog.Read[runlog.Run](filepath.Join(dir, filepath.FromSlash(runlog.RunName)))
			if err == nil && e.Step > 0 && behind(e.Step, w.shares[t.Target], r.Steps) {
				pause()
			}
			return err
		}}}
	}
	train := trainer.Finetune
	if run.Pretraining() {
		train = trainer.Pretrain
	}
	r, err := train(paused, &run, o)
	return err == nil && !r.Interrupted, err
}

var errRunning = errors.New("somebody trains it by another command: wait for that, or stop it")

// endsAll reports whether an error is no fault of a trial: the next one would have it too, or it is gone later.
func endsAll(err error) bool {
	for _, cause := range []error{atomicfile.ErrKilled, atomicfile.ErrLocked, syscall.ENOSPC, syscall.EDQUOT,
		syscall.EROFS, syscall.EIO, syscall.EACCES, syscall.EPERM, syscall.ENOMEM, syscall.EMFILE} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return errors.As(err, new(*mmap.Fault))
}

// firstLine is an error as a table has room for it.
func firstLine(err error) string {
	text, _, more := strings.Cut(err.Error(), "\n")
	if more {
		text += " ..."
	}
	return text
}

// settingsText says by what a trial differs.
func settingsText(settings []configs.Value) string {
	if len(settings) == 0 {
		return "the settings as they are"
	}
	var parts []string
	for _, v := range settings {
		parts = append(parts, v.Key+" "+v.Text)
	}
	return strings.Join(parts, ", ")
}

// progressOnly lets the progress of a trial through: what it says of the data, trial 0 has said.
func progressOnly(s ui.Sink) ui.Sink {
	if s == nil {
		return nil
	}
	return quiet{s}
}

type quiet struct{ ui.Sink }

func (quiet) Message(ui.Message) {}
