package kernel

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// Workers runs the tasks of a kernel on a fixed number of threads. It may be used by several
// goroutines at once; each call gets scratch memory of its own. Nil and the zero value are NewWorkers(0).
type Workers struct {
	threads  int
	isa      *isa
	scratch  sync.Pool // *scratch
	counters counters
	helpers  []atomic.Pointer[job] // threads-1: what each helper works on
	waiting  job                   // a helper with this one looks for another
}

// NewWorkers returns workers for the given number of threads on the ISA of ISAFromEnvironment, the best one when the
// variable is wrong. Zero or less means a thread for every processor whose time the process may use: those of the
// machine, fewer by the CPU quota of a container.
func NewWorkers(threads int) *Workers {
	name, err := ISAFromEnvironment()
	if err != nil {
		name = ISAs()[0]
	}
	return NewWorkersOn(name, threads)
}

// mostThreads bounds a number that is asked for, which no machine of fewer processors has a use for: thousands of them
// would wait for each other, and results do not depend on it.
const mostThreads = 64

// NewWorkersOn is NewWorkers on one of ISAs.
func NewWorkersOn(name string, threads int) *Workers {
	if threads <= 0 {
		threads = defaultThreads(runtime.GOMAXPROCS(0), "/")
	}
	threads = min(threads, max(mostThreads, runtime.NumCPU()))
	w := &Workers{threads: threads, isa: isaByName(name), helpers: make([]atomic.Pointer[job], threads-1)}
	w.scratch.New = func() any { return &scratch{isa: w.isa} }
	return w
}

// defaultWorkers are what nil stands for.
var defaultWorkers = sync.OnceValue(func() *Workers { return NewWorkers(0) })

func (w *Workers) orDefault() *Workers {
	if w == nil || w.isa == nil {
		return defaultWorkers()
	}
	return w
}

// ISA returns the name of the instruction set architecture that the kernels are for.
func (w *Workers) ISA() string { return w.orDefault().isa.name }

// Float32ISA returns the name of the ISA whose kernels compute in float32: what training and its rounding depend on.
func (w *Workers) Float32ISA() string { return strings.TrimSuffix(w.ISA(), vnni) }

// Threads returns the number of threads.
func (w *Workers) Threads() int { return w.orDefault().threads }

// Run calls f(task) once for every task in [0, tasks), on up to Threads() threads, and returns when
// all are done. Tasks must not depend on each other. A panic in a task comes up here once no other task runs; from
// several threads it is a text with the stack of the task.
func (w *Workers) Run(tasks int, f func(task int)) {
	w = w.orDefault()
	helpers := min(w.threads, tasks) - 1
	if helpers <= 0 {
		for task := range tasks {
			f(task)
		}
		return
	}
	j := &job{tasks: int64(tasks), f: f, done: make(chan struct{}, 1)}
	j.left.Store(j.tasks)
	w.call(j, helpers)
	j.work()
	j.wait()
	if r := j.panicked.Load(); r != nil {
		panic(*r)
	}
}

// runPhases runs all tasks of one phase before those of the next, and wakes the threads once for both: on a small
// product that takes as long as packing. A thread waits only for tasks that others have begun, so it cannot wait
// forever.
func (w *Workers) runPhases(firstTasks int, first func(task int), secondTasks int, second func(task int)) {
	var done atomic.Int64
	w.Run(firstTasks+secondTasks, func(task int) {
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

// Rows calls f(lo, hi) for the blocks of grain rows that make up [0, rows).
func (w *Workers) Rows(rows, grain int, f func(lo, hi int)) {
	grain = max(1, grain)
	w.Run(blocks(rows, grain), func(task int) {
		f(task*grain, min(rows, (task+1)*grain))
	})
}

// scratch is the memory that one task uses while it runs.
type scratch struct {
	isa           *isa
	a, b, c, d, e []float32
	bytes         []uint8
}

// borrow runs f with scratch that no other task uses.
func (w *Workers) borrow(f func(s *scratch)) {
	s := w.scratch.Get().(*scratch)
	defer w.scratch.Put(s)
	f(s)
}

// grow returns buf with length n, reallocated when it is too small. The content is undefined.
func grow(buf *[]float32, n int) []float32 {
	if cap(*buf) < n {
		*buf = make([]float32, n)
	}
	return (*buf)[:n]
}

// blocks returns how many blocks of the given size cover n.
func blocks(n, size int) int { return (n + size - 1) / size }

// grainFor returns how many rows of the given width make a task worth starting: about 16k elements.
func grainFor(width int) int { return max(1, 1<<14/max(1, width)) }
