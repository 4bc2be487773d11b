package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"t5train/internal/ui"
	"t5train/trainer/allreduce"
	"t5train/trainer/predict"
)

// rankFlags are the flags of a command whose work several processes share.
type rankFlags struct {
	distributed bool
	timeout     time.Duration
}

// distributedFlag is the flag of the commands whose work ranks share.
const distributedFlag = "distributed"

func (f *rankFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.distributed, distributedFlag, false,
		"use MPI though no launcher shows; needs a t5train built with -tags mpi")
	c.Flags().DurationVar(&f.timeout, "rank-timeout", 10*time.Minute,
		"time to wait for a silent rank before all end; 0 is forever")
}

// errSaid is an error that somebody has reported already: this process, or another rank.
var errSaid = errors.New("said already")

// errStoppedElsewhere ends the ranks that no signal has reached when one has stopped another.
var errStoppedElsewhere = errors.New("another rank was stopped")

// share runs a command with the other ranks, if a launcher has started any, and ends them together. Only the first rank
// gets the output of the process; the others are silent. f returns whether a signal has stopped the work early.
func (f *rankFlags) share(
	ctx context.Context, a app, work func(a app, console ui.Sink, group *allreduce.Group) (stopped bool, err error),
) error {
	launcher := allreduce.LauncherFrom(os.Getenv)
	if !launcher.Several() && !f.distributed {
		_, err := work(a, a.console(), nil)
		return err
	}
	timeout := f.timeout
	if timeout > 0 { // a launcher needs its time to start all of them
		timeout = max(timeout, time.Minute)
	}
	group, err := allreduce.Open(launcher, timeout)
	if err != nil {
		return err
	}
	console := a.console()
	if !group.First() {
		a.stdout, a.data, console = io.Discard, io.Discard, nil
	}
	ui.Say(console, "", "%s", group)
	group.Remind(f.timeout, func(line string) { a.tell("%s: %s", group.Name(group.Rank()), line) })
	defer sayWaiting(ctx, a, group)()
	stopped, err := work(a, console, group)
	if err == nil || group.Size() == 1 || errors.As(err, new(allreduce.CommonError)) {
		return endTogether(ctx, a, group, stopped, err)
	}
	if !predict.Stopped(err) {
		// before Abort, which may end this process too
		a.tellError("t5train:", group.Name(group.Rank())+": "+a.names.error(err))
	}
	group.Abort()
	return errSaid
}

// sayWaiting notes it where a rank that was told to stop does not end soon, for all end together: a step is soon done,
// reading data is not. quiet ends that.
func sayWaiting(ctx context.Context, a app, group *allreduce.Group) (quiet func()) {
	if group.Size() == 1 {
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		select {
		case <-ended:
			return
		case <-ctx.Done():
		}
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			a.tell("%s was told to stop, and ends when all ranks have done what they are at; another signal ends "+
				"them at once",
				group.Name(group.Rank()))
		}
	}()
	return func() { close(ended) }
}

// endTogether ends all ranks that have the same outcome.
func endTogether(ctx context.Context, a app, group *allreduce.Group, stopped bool, err error) error {
	if err != nil && !predict.Stopped(err) {
		if group.First() { // before the launcher sees that another rank has ended with an error
			a.say(err)
		}
		err = errors.Join(errSaid, err)
	}
	elsewhere := (stopped || predict.Stopped(err)) && ctx.Err() == nil
	if elsewhere && err != nil && group.First() { // else work has said that it was stopped
		a.say(errStoppedElsewhere)
	}
	closing := group.Close()
	switch {
	case err == nil && closing != nil:
		return closing
	case elsewhere:
		return errStoppedElsewhere
	}
	return err
}
