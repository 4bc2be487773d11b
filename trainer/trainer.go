package trainer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"t5train/checkpoints"
	"t5train/checkpoints/convert"
	"t5train/configs"
	"t5train/internal/mmap"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/allreduce"
	"t5train/trainer/card"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

// Options are what a run needs besides its configuration. The zero value is right for one process.
type Options struct {
	Sink      ui.Sink // nil is silent
	Resume    bool    // it is an error if the output folder holds no run to resume
	Overwrite bool    // start anew although the output folder holds a run
	Extend    bool    // train a finished run further: see Finetune
	NoVerify  bool    // take the weights of model.path as they are, damaged or not
	Hooks     []Hooks // called in this order, after the run has written its own metrics

	// Initial, if not empty, is a folder, new or empty, that gets the model that training starts from. A resumed run
	// does not write it.
	Initial string

	// Group, if not nil, are the ranks that train together: all of them make the same call. The micro-batches of a
	// step are divided over them, so train.accumulate must be a multiple of their number. The first rank writes.
	Group *allreduce.Group

	// Timeout is how long ranks wait for each other, once they train, before the run ends with an error; 0 is forever.
	Timeout time.Duration
}

// Result is how a run ended.
type Result struct {
	Step        int                // steps done
	BestStep    int                // step of the best checkpoint; 0 without evaluation
	Metric      string             // that decided which one that is
	Metrics     map[string]float64 // of the best checkpoint on the validation data; nil without evaluation
	Checkpoint  string             // folder of the best checkpoint, or else of the last
	Interrupted bool               // the context ended; the same configuration resumes at the checkpoint

	Constants []runlog.Constant // what a constant answer is worth on the validation data
	Notes     []ui.Note         // on the data, the best checkpoint and the run
}

func newResult(run *checkpoints.Run, output string, s state, interrupted bool) *Result {
	r := &Result{Step: s.Step, BestStep: s.BestStep, Metric: s.Metric, Interrupted: interrupted}
	if s.BestStep > 0 {
		r.Checkpoint = run.Dir(s.BestStep)
		info, _ := checkpoints.ReadInfo(r.Checkpoint) // empty if it cannot be read
		r.Metrics = info.Metrics
	} else if s.Step > 0 {
		r.Checkpoint = run.Dir(s.Step)
	}
	r.Constants, r.Notes = reportNotes{output}.read()
	return r
}

// Finetune trains a model on the rows of parquet files as the configuration says and leaves checkpoints and metrics in
// its output folder. When ctx ends it saves and returns with Interrupted set, within one step.
//
// If that folder holds a run of the same configuration, Finetune resumes it, to the same bits as if it had never
// stopped; of a finished one it returns the result. A run of another configuration, or on other data, is an error.
//
// With Extend the finished run goes on in its folder by as many more steps as the configuration has, from its last
// step, with the learning-rate schedule from its beginning. Only the keys of that may be others than before.
func Finetune(ctx context.Context, config *configs.Config, o Options) (*Result, error) {
	if config.Pretraining() {
		return nil, errors.New("fine-tune: the configuration names an objective, so it is one of pre-training: " +
			"call Pretrain, or leave objective.name empty")
	}
	return train(ctx, config, o)
}

// Pretrain trains a model, from random weights or from a checkpoint, on the text of parquet files by the objective of
// the configuration, or on a mixture of corpora and tasks. Everything else is as with [Finetune].
func Pretrain(ctx context.Context, config *configs.Config, o Options) (*Result, error) {
	if !config.Pretraining() {
		return nil, errors.New("pre-train: the configuration names no objective: set objective.name, such as " +
			"span_corruption")
	}
	return train(ctx, config, o)
}

// train is a run of a configuration, from what it names to the last step. Files that cannot be read any more are an
// error, also where they are mapped.
func train(ctx context.Context, config *configs.Config, o Options) (r *Result, err error) {
	err = mmap.Guard(func() error {
		// Everything that can be wrong with the input is found before anything is written.
		p, err := prepare(ctx, config, o)
		if p != nil {
			defer p.close()
		}
		if err := o.Group.Agree(err); err != nil {
			return err
		}
		// Before the loop is built: a rank with other data may find another mistake there.
		if err := p.compareRanks(); err != nil {
			return err
		}
		p.loop, err = p.build(ctx)
		if err := o.Group.Agree(err); err != nil {
			return err
		}
		if err := p.lockOutput(ctx); err != nil {
			return err
		}
		if p.from.state.Finished {
			r = newResult(p.run, p.config.Output, p.from.state, false)
			return nil
		}
		processors, err := allreduce.Gather(o.Group, p.loop.processor())
		if err != nil {
			return err
		}
		p.loop.computeOn(processors)
		o.Group.SetTimeout(o.Timeout)
		if r, err = p.loop.run(ctx); err == nil && !r.Interrupted && o.Group.First() {
			card.WriteAll(o.Sink, p.config, r.Checkpoint, p.run.Dir(r.Step))
		}
		return err
	})
	return r, err
}

// preparedRun is a run that has written nothing yet.
type preparedRun struct {
	config   *configs.Config
	options  Options
	run      *checkpoints.Run
	from     resumePoint
	workers  *kernel.Workers
	folder   *checkpoints.Folder // nil if the run is finished, as what follows
	datasets *setup.Datasets
	loop     *loop
	begun    time.Time
	minutes  float64 // that the number of steps was chosen for; 0: it was given
	closers  []func()
}

func (p *preparedRun) close() {
	for _, c := range slices.Backward(p.closers) {
		c()
	}
}

// prepare reads all that a run needs. It may return an error and what there is to close.
func prepare(ctx context.Context, config *configs.Config, o Options) (*preparedRun, error) {
	c, err := resolved(config)
	if err != nil {
		return nil, err
	}
	p := &preparedRun{config: c, options: o, begun: time.Now()}
	if p.run, err = checkpoints.OpenRun(c.Output); err != nil {
		return nil, err
	}
	if _, err := os.Stat(c.Output); err != nil && o.Group.First() { // else it may hold a run that is finished
		if err := checkOutput(c); err != nil {
			return nil, err
		}
	}
	if p.from, err = findResumePoint(p.run, c, o); err != nil || p.from.state.Finished {
		return p, err
	}
	if err := divisible(c.Train, o.Group.Size(), p.from.resume); err != nil {
		return nil, err
	}
	if o.Initial != "" && !p.from.resume {
		if err := convert.CheckNewFolder(c.Model.Path, o.Initial); err != nil {
			return nil, fmt.Errorf("save the initial model to %s: %w (a model to start from is model.path)",
				o.Initial, err)
		}
	}
	if o.Group.First() {
		if err := checkOutput(c); err != nil {
			return nil, err
		}
	}
	if err := setup.CheckData(ctx, c); err != nil {
		return nil, err
	}
	p.workers = kernel.NewWorkers(o.Group.Threads(c.Train.Threads))
	at, err := p.from.start(c.Output)
	if err != nil {
		return nil, err
	}
	if p.folder, err = setup.StartModel(c, at, !o.NoVerify, o.Sink); err != nil {
		return nil, err
	}
	readBy := c
	if p.from.resume {
		if readBy, err = withRounding(c, p.from.dir); err != nil {
			return nil, err
		}
	}
	if p.datasets, err = setup.Read(ctx, readBy, p.folder, p.from.state.Data, p.workers, o.Sink); err != nil {
		return nil, err
	}
	p.closers = append(p.closers, func() { p.datasets.Close() })
	return p, nil
}

var errNoConfig = errors.New("there is no configuration: begin with configs.Default or configs.Load")

// resolved returns the configuration with all that follows from it, which must be right.
func resolved(config *configs.Config) (*configs.Config, error) {
	if config == nil {
		return nil, errNoConfig
	}
	c := *config
	c.Resolve()
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("the configuration is wrong: %w", err)
	}
	return &c, nil
}

// withRounding returns a configuration whose regressions round as in a checkpoint, where it does not say how: what was
// found in the data when the run began must stay.
func withRounding(c *configs.Config, dir string) (*configs.Config, error) {
	info, err := checkpoints.ReadInfo(dir)
	if err != nil {
		return nil, err
	}
	kept := *c
	if t := info.Task; t != nil && kept.Task.RoundTo == nil {
		kept.Task.RoundTo = t.RoundTo
	}
	kept.Data.Mixture = slices.Clone(c.Data.Mixture)
	for i, p := range kept.Data.Mixture {
		if p.Task.RoundTo == nil {
			kept.Data.Mixture[i].Task.RoundTo = info.Tasks[p.Name].RoundTo
		}
	}
	return &kept, nil
}

// build makes the loop of what was read, nil if the run is finished.
func (p *preparedRun) build(ctx context.Context) (*loop, error) {
	if p.folder == nil {
		return nil, nil
	}
	if err := p.chooseSteps(ctx); err != nil {
		return nil, err
	}
	o := p.options
	l, err := newLoop(p.config, p.folder, p.datasets, p.workers, p.run, p.from.state, o.Sink, o.Group)
	if err != nil {
		return nil, err
	}
	if p.minutes > 0 {
		l.state.Minutes, l.state.Total = p.minutes, l.total-p.from.state.ScheduleStep
	}
	p.closers = append(p.closers, func() { l.stepper.Graph.Close() })
	l.hooks = o.Hooks
	warnRate(p.config, o.Sink)
	if o.Group.First() {
		if err := l.checkSpace(p.from); err != nil {
			return nil, err
		}
	}
	if p.from.resume {
		err = l.resume(p.from)
	}
	return l, err
}

// Check finds what is wrong with the input of a run as far as file heads tell, and writes nothing: model and tokenizer
// fit together, and the data has the columns that the task needs.
func Check(ctx context.Context, c *configs.Config, sink ui.Sink) error {
	if c == nil {
		return errNoConfig
	}
	warnRate(c, sink)
	var errs []error
	tok, err := setup.CheckModel(c)
	if err != nil {
		errs = append(errs, err)
	}
	if c.Pretraining() {
		return errors.Join(append(errs, setup.CheckText(ctx, c, tok, sink)...)...)
	}
	return errors.Join(append(errs, setup.CheckRows(ctx, c, sink)...)...)
}

// warnRate warns where the learning rate may not be the one that was meant.
func warnRate(c *configs.Config, sink ui.Sink) {
	if text := c.RateWarning(); text != "" {
		ui.Say(sink, ui.Warning, "%s", text)
	}
}
