package plan

import (
	"cmp"
	"fmt"
	"slices"

	"t5train/trainer/allreduce"
)

// Measured is what a machine has measured of a configuration.
type Measured struct {
	Threads      []int     `json:"threads"`        // ascending
	MicroBatch   []float64 `json:"micro_batch_s"`  // forward and backward pass of a micro-batch, by threads
	Update       []float64 `json:"update_s"`       // by threads
	Tokens       float64   `json:"tokens"`         // input and target tokens of a micro-batch
	MicroBatches int       `json:"micro_batches"`  // of a step: train.accumulate
	Gradients    int64     `json:"gradient_bytes"` // G
	Rate         float64   `json:"add_bytes_s"`    // at which one thread adds gradients up
	Memory       int64     `json:"memory_bytes"`   // peak of a process
}

// Cluster is where to run.
type Cluster struct {
	Nodes     int
	Cores     int     // of a node
	Bandwidth float64 // of a node's network, each way, in bytes a second
}

// Layout is a way to divide a step over a cluster, and what to expect of it.
type Layout struct {
	Nodes        int     `json:"nodes"`
	Ranks        int     `json:"ranks"`         // on each node
	Threads      int     `json:"threads"`       // of each rank
	MicroBatches int     `json:"micro_batches"` // of each rank and step
	Step         float64 `json:"step_s"`
	Reduction    float64 `json:"reduction_s"` // the part of the step that gradients take
	TokensPerS   float64 `json:"tokens_per_s"`
	Efficiency   float64 `json:"efficiency"`   // of its nodes, against one node at its best
	Memory       int64   `json:"memory_bytes"` // of all ranks of a node
}

// rankBytes is what an MPI library takes for each rank.
const rankBytes = 40 << 20

// Fit returns the layouts with the most tokens a second for 1, 2, 4 and so on nodes, and for all of them. Left out are
// numbers of nodes that the micro-batches of a step cannot be divided over.
func Fit(m Measured, c Cluster) ([]Layout, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if len(m.Threads) == 0 || len(m.MicroBatch) != len(m.Threads) || len(m.Update) != len(m.Threads) ||
		m.MicroBatches < 1 || m.Rate <= 0 {
		return nil, fmt.Errorf("plan: nothing was measured: got %+v", m)
	}
	var best []Layout
	for nodes := 1; ; nodes = min(2*nodes, c.Nodes) {
		var fitting []Layout
		for ranks := 1; ranks <= c.Cores; ranks++ {
			if m.MicroBatches%(nodes*ranks) == 0 {
				fitting = append(fitting, m.layout(nodes, ranks, c.Cores/ranks, c.Bandwidth))
			}
		}
		if len(fitting) > 0 {
			// Of equals, the one with the fewest ranks.
			best = append(best, slices.MaxFunc(fitting,
				func(a, b Layout) int { return cmp.Compare(a.TokensPerS, b.TokensPerS) }))
		}
		if nodes == c.Nodes {
			break
		}
	}
	for i := range best {
		best[i].Efficiency = best[i].TokensPerS / (float64(best[i].Nodes) * best[0].TokensPerS)
	}
	return best, nil
}

// Validate refuses a cluster that there cannot be.
func (c Cluster) Validate() error {
	switch {
	case c.Nodes < 1:
		return fmt.Errorf("plan: got %d nodes, want 1 or more", c.Nodes)
	case c.Cores < 1:
		return fmt.Errorf("plan: got %d cores a node, want 1 or more", c.Cores)
	case c.Nodes > 1 && !(c.Bandwidth > 0):
		return fmt.Errorf("plan: got a bandwidth of %g bytes a second, want more than 0", c.Bandwidth)
	}
	return nil
}

// layout predicts a step of the formula of the package.
func (m Measured) layout(nodes, ranks, threads int, bandwidth float64) Layout {
	n := nodes * ranks
	l := Layout{Nodes: nodes, Ranks: ranks, Threads: threads, MicroBatches: m.MicroBatches / n, Memory: m.Memory}
	pass := secondsOn(m.Threads, m.MicroBatch, threads)
	if n > 1 {
		gradients := float64(m.Gradients)
		l.Reduction = 3 * gradients * float64(n-1) / float64(n) / m.Rate
		if nodes > 1 {
			wire := 2 * gradients * float64(ranks) * float64(nodes-1) / float64(nodes) / bandwidth
			buckets := max(1, gradients/allreduce.BucketBytes)
			l.Reduction += max(wire/buckets, wire-2./3*pass)
		}
		l.Memory += 2*allreduce.BucketBytes + rankBytes
	}
	l.Memory *= int64(ranks)
	l.Step = float64(l.MicroBatches)*pass + l.Reduction + secondsOn(m.Threads, m.Update, threads)
	l.TokensPerS = m.Tokens * float64(m.MicroBatches) / l.Step
	return l
}

// secondsOn returns the seconds on some threads: what was measured, or else what the law makes of the nearest measured
// number below, which is never slower than that.
func secondsOn(threads []int, seconds []float64, want int) float64 {
	law := amdahl(threads, seconds, want)
	for i := len(threads) - 1; i >= 0; i-- {
		if fewer := threads[i]; fewer <= want {
			return seconds[i] * law / amdahl(threads, seconds, fewer)
		}
	}
	return law
}

// amdahl returns the seconds on some threads by the law a + b/threads that fits the measured ones best: the line of
// least squares, with neither part below 0.
func amdahl(threads []int, seconds []float64, want int) float64 {
	var n, sx, sy, sxx, sxy float64
	for i, t := range threads {
		x, y := 1/float64(t), seconds[i]
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	b := 0. // nothing is known of what threads share
	if d := n*sxx - sx*sx; d > 0 {
		b = (n*sxy - sx*sy) / d
	}
	a := (sy - b*sx) / n
	switch {
	case b < 0:
		a, b = sy/n, 0
	case a < 0:
		a, b = 0, sxy/sxx
	}
	return a + b/float64(want)
}

// Pays returns the index of the last layout that pays: each up to it has at least half of what its additional nodes
// would give without any loss.
func Pays(layouts []Layout) int {
	for i := 1; i < len(layouts); i++ {
		before, after := layouts[i-1], layouts[i]
		gained := after.TokensPerS/before.TokensPerS - 1
		offered := float64(after.Nodes)/float64(before.Nodes) - 1
		if gained < offered/2 {
			return i - 1
		}
	}
	return len(layouts) - 1
}
