package pool

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// job is one call of Pool.Run.
type job struct {
	tasks    int64
	f        func(task int)
	next     atomic.Int64 // tasks that somebody has begun
	left     atomic.Int64 // tasks that are not done
	asleep   atomic.Bool  // the caller waits for done
	done     chan struct{}
	panicked atomic.Pointer[string]
}

// work does tasks until all have been begun.
func (j *job) work() {
	for {
		task := j.next.Add(1) - 1
		if task >= j.tasks {
			return
		}
		j.do(int(task))
	}
}

func (j *job) do(task int) {
	defer func() {
		// A panic on a helper's goroutine would end the process; hand it to the caller, who can recover. The caller's
		// stack does not tell where it was.
		if r := recover(); r != nil {
			text := fmt.Sprintf("%v\n%s", r, debug.Stack())
			j.panicked.CompareAndSwap(nil, &text)
		}
		if j.left.Add(-1) == 0 && j.asleep.Load() {
			j.done <- struct{}{}
		}
	}()
	j.f(task)
}

// wait returns when all tasks are done.
func (j *job) wait() {
	if lookout(func() bool { return j.left.Load() == 0 }) {
		return
	}
	j.asleep.Store(true)
	if j.left.Load() > 0 { // else the last task may have missed that somebody sleeps
		<-j.done
	}
}

// call gives j to helpers: those that look for work or are about to, and new ones. It gives it to fewer where other
// callers have them.
func (p *Pool) call(j *job, helpers int) {
	for i := range p.helpers {
		if helpers == 0 {
			return
		}
		at := &p.helpers[i]
		last := at.Load()
		if last != nil && last.left.Load() > 0 || !at.CompareAndSwap(last, j) {
			continue
		}
		helpers--
		if last == nil {
			go p.help(at)
		}
	}
}

// help works on the helper's job, and then on others that come soon. Decoding runs thousands of small products a
// second; to wake a thread takes longer than many of them.
func (p *Pool) help(at *atomic.Pointer[job]) {
	for {
		j := at.Load()
		j.work()
		if !at.CompareAndSwap(j, &p.waiting) {
			continue // the next one is there
		}
		called := lookout(func() bool { return at.Load() != &p.waiting })
		if !called && at.CompareAndSwap(&p.waiting, nil) {
			return
		}
	}
}

// patience is how long a thread looks out for more work before it sleeps: a few times what it takes to wake it.
const patience = 50 * time.Microsecond

// lookout reports whether something happens soon, without sleeping.
func lookout(happened func() bool) bool {
	const looks = 64 // before others may run
	begun := time.Now()
	for {
		for range looks {
			if happened() {
				return true
			}
		}
		if time.Since(begun) > patience {
			return false
		}
		runtime.Gosched()
	}
}
