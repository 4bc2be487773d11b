package plan

import (
	"math"
	"strings"
	"testing"

	"t5train/trainer/allreduce"
)

// measured is a machine of four cores: 1 s of work that one thread does, 0.2 s of it alone.
func measured() Measured {
	return Measured{
		Threads: []int{1, 2, 4}, MicroBatch: []float64{1, 0.6, 0.4}, Update: []float64{0.1, 0.06, 0.04},
		Tokens: 1000, MicroBatches: 16, Gradients: 240e6, Rate: 6e9, Memory: 1 << 30,
	}
}

func TestFitOneProcess(t *testing.T) {
	m := measured()
	m.MicroBatches = 1
	got, err := Fit(m, Cluster{Nodes: 1, Cores: 4})
	if err != nil || len(got) != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	l := got[0]
	if l.Ranks != 1 || l.Threads != 4 || l.Reduction != 0 || math.Abs(l.Step-0.44) > 1e-9 || l.Memory != m.Memory ||
		l.Efficiency != 1 {
		t.Errorf("got %+v, want one rank of 4 threads with a step of 0.4 + 0.04 s", l)
	}
}

func TestFitPrefersRanksWhereThreadsShareLess(t *testing.T) {
	got, err := Fit(measured(), Cluster{Nodes: 1, Cores: 4})
	if err != nil {
		t.Fatal(err)
	}
	// 4 micro-batches of 1 s, 3 x 240e6 x 3/4 bytes of gradients, and the update: 4.19 s; one rank takes 16 x 0.4 s.
	l := got[0]
	if l.Ranks != 4 || l.Threads != 1 || l.MicroBatches != 4 || math.Abs(l.Reduction-0.09) > 1e-9 ||
		math.Abs(l.Step-4.19) > 1e-9 {
		t.Errorf("got %+v, want four ranks and a step of 4.19 s", l)
	}
	if want := 4 * (measured().Memory + 2*allreduce.BucketBytes + rankBytes); l.Memory != want {
		t.Errorf("memory %d, want %d", l.Memory, want)
	}
}

func TestFitNetwork(t *testing.T) {
	fast, err := Fit(measured(), Cluster{Nodes: 4, Cores: 1, Bandwidth: 1e9})
	if err != nil || len(fast) != 3 {
		t.Fatalf("got %+v, %v", fast, err)
	}
	// 2 x 240e6 x 3/4 bytes take 0.36 s, less than a backward pass: only the last of 240e6/16Mi buckets is seen.
	if want := 3*240e6*3/4/6e9 + 0.36/(240e6/(16<<20)); math.Abs(fast[2].Reduction-want) > 1e-9 {
		t.Errorf("reduction on a fast network %g s, want %g", fast[2].Reduction, want)
	}
	slow, err := Fit(measured(), Cluster{Nodes: 4, Cores: 1, Bandwidth: 1e8})
	if err != nil {
		t.Fatal(err)
	}
	if want := 0.09 + 3.6 - 2./3; math.Abs(slow[2].Reduction-want) > 1e-9 {
		t.Errorf("reduction on a slow network %g s, want %g", slow[2].Reduction, want)
	}
	if slow[2].Efficiency >= fast[2].Efficiency {
		t.Errorf("efficiency %g on a slow network, %g on a fast one", slow[2].Efficiency, fast[2].Efficiency)
	}
}

func TestFitLeavesOutWhatCannotBeDivided(t *testing.T) {
	m := measured()
	m.MicroBatches = 2
	got, err := Fit(m, Cluster{Nodes: 6, Cores: 2, Bandwidth: 1e9})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[1].Nodes != 2 || got[1].Ranks != 1 {
		t.Errorf("got %+v, want layouts of 1 and 2 nodes", got)
	}
}

func TestPays(t *testing.T) {
	m := measured()
	for _, x := range []struct {
		bandwidth float64
		want      int // nodes
	}{{1e12, 16}, {1e8, 2}, {1e5, 1}} {
		got, err := Fit(m, Cluster{Nodes: 16, Cores: 1, Bandwidth: x.bandwidth})
		if err != nil {
			t.Fatal(err)
		}
		if nodes := got[Pays(got)].Nodes; nodes != x.want {
			t.Errorf("at %g bytes a second it pays up to %d nodes, want %d: %+v", x.bandwidth, nodes, x.want, got)
		}
	}
}

func TestAmdahl(t *testing.T) {
	for _, x := range []struct {
		threads []int
		seconds []float64
		want    float64 // on 8
	}{
		{[]int{1}, []float64{8}, 8},
		{[]int{1, 2}, []float64{1, 0.6}, 0.3},
		{[]int{1, 2, 4}, []float64{1, 0.6, 0.4}, 0.3},
		{[]int{1, 2}, []float64{1, 0.4}, 1.2 / 1.25 / 8}, // better than shared: through the origin
		{[]int{1, 2}, []float64{1, 1.5}, 1.25},           // threads do not help
	} {
		if got := amdahl(x.threads, x.seconds, 8); math.Abs(got-x.want) > 1e-9 {
			t.Errorf("%v s on %v threads: got %g s on 8, want %g", x.seconds, x.threads, got, x.want)
		}
	}
}

// TestFitKeepsWhatWasMeasured has times that no law fits: 2 threads are slower than one. More than were measured are no
// slower.
func TestFitKeepsWhatWasMeasured(t *testing.T) {
	m := measured()
	m.MicroBatch, m.MicroBatches = []float64{1, 1.4, 0.8}, 1
	for cores, want := range map[int]float64{1: 1.1, 2: 1.46, 4: 0.84} {
		got, err := Fit(m, Cluster{Nodes: 1, Cores: cores})
		if err != nil || math.Abs(got[0].Step-want) > 1e-9 {
			t.Errorf("%d cores: got %+v, %v, want the measured step of %g s", cores, got, err, want)
		}
	}
	for cores := 5; cores <= 8; cores++ {
		if got, err := Fit(m, Cluster{Nodes: 1, Cores: cores}); err != nil || got[0].Step > 0.84 {
			t.Errorf("%d cores: got %+v, %v, want a step that is no slower than that of 4", cores, got, err)
		}
	}
}

func TestFitRefuses(t *testing.T) {
	for want, c := range map[string]Cluster{
		"0 nodes": {Cores: 1}, "0 cores": {Nodes: 1}, "bandwidth of 0": {Nodes: 2, Cores: 1},
	} {
		if _, err := Fit(measured(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", c, err, want)
		}
	}
	if _, err := Fit(Measured{}, Cluster{Nodes: 1, Cores: 1}); err == nil {
		t.Error("nothing measured: no error")
	}
}
