package pool

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Callers at the same time, and tasks that call themselves, share the helpers: every task runs once.
func TestRunFromSeveralCallers(t *testing.T) {
	const callers, rounds, tasks = 4, 200, 13
	w := New(3)
	var counts [callers][tasks]atomic.Int64
	var inner atomic.Int64
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for range rounds {
				w.Run(tasks, func(task int) {
					counts[c][task].Add(1)
					if task == 0 {
						w.Run(2, func(int) { inner.Add(1) })
					}
				})
			}
		})
	}
	all.Wait()
	for c := range counts {
		for task := range counts[c] {
			if n := counts[c][task].Load(); n != rounds {
				t.Errorf("caller %d: task %d ran %d times, want %d", c, task, n, rounds)
			}
		}
	}
	if n := inner.Load(); n != 2*callers*rounds {
		t.Errorf("%d inner tasks ran, want %d", n, 2*callers*rounds)
	}
}

// A task may take much longer than anybody looks out for its end.
func TestRunWaitsForSlowTasks(t *testing.T) {
	w := New(2)
	for range 3 {
		var done atomic.Int64
		w.Run(2, func(int) {
			time.Sleep(20 * patience)
			done.Add(1)
		})
		if done.Load() != 2 {
			t.Fatalf("Run returned after %d of 2 tasks", done.Load())
		}
	}
}

// Helpers without work end: workers need not be closed.
func TestHelpersEnd(t *testing.T) {
	w := New(4)
	w.Run(100, func(int) {})
	for range 1000 {
		if idle(w) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("a helper still looks for work after a second")
}

func idle(w *Pool) bool {
	for i := range w.helpers {
		if w.helpers[i].Load() != nil {
			return false
		}
	}
	return true
}

// Phases wait only for tasks that somebody has begun, so callers that have each other's helpers come to an end, those
// within a task too.
func TestRunPhasesFromSeveralCallers(t *testing.T) {
	const callers, rounds = 4, 200
	w := New(3)
	var early, done atomic.Int64
	phases := func() {
		var first atomic.Int64
		w.RunPhases(5, func(int) {
			runtime.Gosched()
			first.Add(1)
		}, 6, func(int) {
			if first.Load() != 5 {
				early.Add(1)
			}
			done.Add(1)
		})
	}
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range rounds {
				w.RunPhases(4, func(int) { phases() }, 3, func(int) { phases() })
			}
		})
	}
	all.Wait()
	if early.Load() > 0 {
		t.Errorf("%d tasks began too early", early.Load())
	}
	if n := done.Load(); n != callers*rounds*7*6 {
		t.Errorf("%d tasks of second phases ran, want %d", n, callers*rounds*7*6)
	}
}

func TestRunHandsPanicsToTheCaller(t *testing.T) {
	for _, threads := range []int{1, 4} {
		func() {
			defer func() {
				r := recover()
				text, _ := r.(string)
				if !strings.HasPrefix(text, "broken task") || threads > 1 && !strings.Contains(text, "breakInTest") {
					t.Errorf("%d threads: recovered %v", threads, r)
				}
			}()
			New(threads).Run(8, func(task int) {
				if task == 5 {
					breakInTest()
				}
			})
		}()
	}
}

func breakInTest() { panic("broken task") }

// The second phase begins when the first has ended, and a panic in either comes to the caller instead of a wait.
func TestRunPhases(t *testing.T) {
	for _, threads := range []int{1, 3} {
		w := New(threads)
		var first, early atomic.Int64
		for range 100 {
			first.Store(0)
			w.RunPhases(7, func(int) { first.Add(1) }, 9, func(int) {
				if first.Load() != 7 {
					early.Add(1)
				}
			})
		}
		if early.Load() > 0 {
			t.Errorf("%d threads: %d tasks began too early", threads, early.Load())
		}
		for phase := range 2 {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%d threads: the panic of phase %d is lost", threads, phase)
					}
				}()
				broken := func(p int) func(int) {
					return func(task int) {
						if p == phase && task == 3 {
							panic("broken task")
						}
					}
				}
				w.RunPhases(7, broken(0), 9, broken(1))
			}()
		}
	}
}
