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

// The command that is named is that of the largest cluster that pays.
func TestPlanNamesWhatPays(t *testing.T) {
	r := PlanResult{Measured: plan.Measured{Threads: []int{1, 8}, MicroBatches: 8}, Nodes: 4, Pays: 2, Layouts: []plan.Layout{
		{Nodes: 1, Ranks: 1, Threads: 8}, {Nodes: 2, Ranks: 2, Threads: 4}, {Nodes: 4, Ranks: 1, Threads: 8},
	}}
	got := r.String()
	for _, want := range []string{"beyond 2 nodes", "start 2 nodes with: mpirun -n 4 --map-by ppr:2:node:pe=4 t5train ... --threads 4"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	r.Pays = 1
	if got := r.String(); !strings.Contains(got, "beyond 1 node:") || strings.Contains(got, "mpirun") {
		t.Errorf("one process needs no launcher:\n%s", got)
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
