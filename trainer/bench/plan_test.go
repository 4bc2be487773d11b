package bench

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"t5train/internal/sysinfo"
	"t5train/trainer/bench/plan"
)

// The best layout is that of the largest cluster that pays.
func TestPlanNamesWhatPays(t *testing.T) {
	r := PlanResult{Measured: plan.Measured{Threads: []int{1, 8}, MicroBatches: 8}, Nodes: 4, Pays: 2,
		Layouts: []plan.Layout{
			{Nodes: 1, Ranks: 1, Threads: 8}, {Nodes: 2, Ranks: 2, Threads: 4}, {Nodes: 4, Ranks: 1, Threads: 8},
		}}
	if got := r.String(); !strings.Contains(got, "beyond 2 nodes") || r.Best() != r.Layouts[1] {
		t.Errorf("best is %+v of\n%s", r.Best(), got)
	}
	r.Pays = 1
	if got := r.String(); !strings.Contains(got, "beyond 1 node:") || r.Best() != r.Layouts[0] {
		t.Errorf("best is %+v of\n%s", r.Best(), got)
	}
}

// TestRunDelay gives processors more threads than they can run: the time that some of them wait is counted.
func TestRunDelay(t *testing.T) {
	before, ok := sysinfo.RunDelay()
	if !ok {
		t.Skip("this system does not count for how long threads wait")
	}
	threads := 4 * runtime.NumCPU()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	var busy sync.WaitGroup
	end := make(chan struct{})
	for range threads {
		busy.Go(func() {
			for begun := time.Now(); time.Since(begun) < 500*time.Millisecond; {
			}
			<-end // else its thread may end, and what it has counted with it
		})
	}
	time.Sleep(600 * time.Millisecond)
	after, _ := sysinfo.RunDelay()
	close(end)
	busy.Wait()
	if got := after - before; got < 100*time.Millisecond {
		t.Errorf("%d busy threads have waited for %s", threads, got)
	}
}
