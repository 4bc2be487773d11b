// Package pool runs tasks on a fixed number of threads. Tasks run in any order, so results must not depend on it.
package pool

import (
	"runtime"
	"sync/atomic"
)

// Pool has a fixed number of threads. It may be used by several goroutines at once.
type Pool struct {
	threads int
	helpers []atomic.Pointer[job] // threads-1: what each helper works on
	waiting job                   // a helper with this one looks for another
}

// mostThreads bounds a number that is asked for, which no machine of fewer processors has a use for: thousands of them
// would wait for each other.
const mostThreads = 64

// New returns a pool. Zero threads or less means one for every processor whose time the process may use: those of the
// machine, fewer by the CPU quota of a container.
func New(threads int) *Pool {
	if threads <= 0 {
		threads = defaultThreads(runtime.GOMAXPROCS(0), "/")
	}
	threads = min(threads, max(mostThreads, runtime.NumCPU()))
	return &Pool{threads: threads, helpers: make([]atomic.Pointer[job], threads-1)}
}

// Threads returns the number of threads.
func (p *Pool) Threads() int { return p.threads }

// Run calls f(task) once for every task in [0, tasks), on up to Threads() threads, and returns when
// all are done. Tasks must not depend on each other. A panic in a task comes up here once no other task runs; from
// several threads it is a text with the stack of the task.
func (p *Pool) Run(tasks int, f func(task int)) {
	helpers := min(p.threads, tasks) - 1
	if helpers <= 0 {
		for task := range tasks {
			f(task)
		}
		return
	}
	j := &job{tasks: int64(tasks), f: f, done: make(chan struct{}, 1)}
	j.left.Store(j.tasks)
	p.call(j, helpers)
	j.work()
	j.wait()
	if r := j.panicked.Load(); r != nil {
		panic(*r)
	}
}

// RunPhases runs all tasks of one phase before those of the next, and wakes the threads once for both: on a small
// product that takes as long as packing. A thread waits only for tasks that others have begun, so it cannot wait
// forever.
func (p *Pool) RunPhases(firstTasks int, first func(task int), secondTasks int, second func(task int)) {
	var done atomic.Int64
	p.Run(firstTasks+secondTasks, func(task int) {
		if task < firstTasks {
			defer done.Add(1) // after a panic too, or the others would wait
			first(task)
			return
		}
		for done.Load() < int64(firstTasks) {
			runtime.Gosched()
		}
		second(task - firstTasks)
	})
}
