package allreduce

import (
	"errors"
	"runtime"
	"sync/atomic"
	"time"
)

// thread is a thread of the system that makes all calls of a library: MPI takes the one that starts it for its main
// thread.
type thread struct {
	calls chan func()
	beats atomic.Int64
}

// errHangs ends the wait for a call that does not come back. The thread is of no use after it.
var errHangs = errors.New("the MPI library does not come back")

func newThread() *thread {
	t := &thread{calls: make(chan func(), 2)} // with room for Abort behind a call that hangs
	go func() {
		runtime.LockOSThread()
		prepareThread()
		for f := range t.calls {
			f()
		}
	}()
	return t
}

// beat tells that a call that takes long does not hang.
func (t *thread) beat() { t.beats.Add(1) }

// run runs f on the thread. It returns errHangs where f does not beat for so long, or not end; a limit of 0 is forever.
func (t *thread) run(limit time.Duration, f func() error) error {
	done := make(chan error, 1)
	t.calls <- func() { done <- f() }
	if limit == 0 {
		return <-done
	}
	// Pieces of the limit are counted, for time in which the process was stopped does not count.
	const pieces = 10
	tick := time.NewTicker(limit / pieces)
	defer tick.Stop()
	last := t.beats.Load()
	for quiet := 0; quiet < pieces; {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			quiet++
			if now := t.beats.Load(); now != last {
				last, quiet = now, 0
			}
		}
	}
	return errHangs
}
