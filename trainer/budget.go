package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"sync/atomic"
	"time"

	"t5train/configs"
	"t5train/internal/ui"
	"t5train/model"
	"t5train/trainer/allreduce"
)

// chooseSteps sets the number of steps of a new run that has a time instead, by measuring steps and an evaluation that
// belong to no run: the bits of this one follow from the number of its steps alone.
func (p *preparedRun) chooseSteps(ctx context.Context) error {
	t := &p.config.Train
	if t.Minutes == 0 {
		return nil
	}
	pace, err := p.measurePace(ctx)
	if err != nil {
		return fmt.Errorf("measure how many steps fit into train.minutes: %w", err)
	}
	steps := pace.stepsWithin(t.Minutes*60 - time.Since(p.begun).Seconds())
	all, err := allreduce.Gather(p.options.Group, steps) // clocks of ranks differ: the first one's counts
	if err != nil {
		return err
	}
	p.minutes = t.Minutes
	t.Steps, t.Minutes = all[0], 0
	ui.Say(p.options.Sink, "", "train.minutes %g: %s steps %s (train.steps %d gives the same run again)", p.minutes,
		ui.Grouped(t.Steps), pace, t.Steps)
	return nil
}

// keepSteps replaces the time of a run that is resumed by the number of steps that it became when the run began.
// Another time is left, and the one of the run returned for comparison.
func (s state) keepSteps(t *configs.Train) (other float64) {
	switch {
	case s.Minutes == 0 || t.Minutes == 0:
		return 0
	case s.Minutes != t.Minutes:
		return s.Minutes
	}
	t.Steps, t.Minutes = s.Total, 0
	return 0
}

// pace is what the time of a run goes into, in seconds.
type pace struct {
	step, evaluation float64
	every            float64 // steps from one evaluation to the next; 0: there are none
	first            bool    // there is an evaluation before the first step too
}

func (p pace) String() string {
	text := fmt.Sprintf("of %.3g s", p.step)
	if p.every > 0 {
		text += fmt.Sprintf(", with evaluations of %.3g s", p.evaluation)
	}
	return text
}

// seconds returns how long a number of steps takes, with the evaluations that belong to them.
func (p pace) seconds(steps int) float64 {
	n := float64(steps)
	if p.every == 0 {
		return n * p.step
	}
	evaluations := math.Ceil(n / p.every) // the last one at the end
	if p.first {
		evaluations++
	}
	return n*p.step + evaluations*p.evaluation
}

// stepsWithin returns the most steps that do not take longer than seconds, and at least one.
func (p pace) stepsWithin(seconds float64) int {
	return max(1, sort.Search(math.MaxInt32, func(n int) bool { return p.seconds(n+1) > seconds }))
}

// measurePace trains for a small part of the time, and evaluates for another. The weights are what they were
// afterwards.
func (p *preparedRun) measurePace(ctx context.Context) (pace, error) {
	limit := min(5*time.Second, time.Duration(p.config.Train.Minutes*float64(time.Minute))/20)
	c, params := *p.config, p.folder.Model.Trained()
	c.Train.Steps, c.Train.Minutes = c.Schedule.WarmupSteps+1_000_000, 0 // far from the end of a schedule
	was := make([][]float32, len(params))
	for i, param := range params {
		was[i] = slices.Clone(param.Value)
	}
	defer func() {
		for i, param := range params {
			copy(param.Value, was[i])
		}
	}()
	l, err := newLoop(&c, p.folder, p.datasets, p.workers, p.run, state{}, nil, p.options.Group)
	if err != nil {
		return pace{}, err
	}
	defer l.stepper.Graph.Close()
	seconds, err := l.stepSeconds(ctx, limit)
	if err != nil || l.evalSet == nil {
		return pace{step: seconds}, err
	}
	every := float64(c.Eval.EverySteps)
	if every == 0 {
		every = float64(l.batches.Count(0)) / float64(c.Train.Accumulate)
	}
	evaluation, err := l.evaluationSeconds(ctx, limit)
	return pace{seconds, evaluation, every, l.evaluatesFirst()}, err
}

// stepSeconds returns how long a step takes, on average over those that begin within a time. The first one, for which
// memory is allocated, does not count.
func (l *loop) stepSeconds(ctx context.Context, limit time.Duration) (float64, error) {
	var begun time.Time
	for n := -1; ; n++ {
		elapsed, err := allreduce.Gather(l.group, time.Since(begun)) // all ranks make the same steps
		switch {
		case err != nil:
			return 0, err
		case n > 0 && elapsed[0] >= limit:
			return elapsed[0].Seconds() / float64(n), nil
		case n == 0:
			begun = time.Now()
		}
		if err := l.stopped(ctx); err != nil {
			return 0, err
		}
		var batches []model.Batch
		if batches, err = l.nextBatches(); err != nil {
			return 0, err
		}
		if _, err := l.stepper.Step(n+1, 0, batches); err != nil {
			return 0, err
		}
	}
}

// evaluationSeconds returns how long an evaluation takes. A process on its own stops it after a time, and takes the
// rest to be like the part that is done.
func (l *loop) evaluationSeconds(ctx context.Context, limit time.Duration) (float64, error) {
	limited, stop := context.WithCancel(ctx)
	defer stop()
	begun := time.Now()
	var done atomic.Int64
	_, _, err := l.evalSet.Evaluate(limited, func(n int64) {
		done.Store(n)
		if l.group.Size() == 1 && time.Since(begun) > limit {
			stop()
		}
	})
	seconds, n := time.Since(begun).Seconds(), done.Load()
	switch {
	case err == nil:
		return seconds, nil
	case ctx.Err() == nil && errors.Is(err, context.Canceled) && n > 0:
		return seconds / float64(n) * float64(l.evalSet.Len()), nil
	}
	return 0, err
}
