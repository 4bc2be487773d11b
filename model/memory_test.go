package model

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"t5train/model/kernel"
	"t5train/model/op"
)

// randomLengths is a ragged batch of sequences whose lengths lie in [1, longest].
func randomLengths(r *rand.Rand, sequences, longest int) Batch {
	var b Batch
	for range sequences {
		for range 1 + r.IntN(longest) {
			b.Inputs.IDs = append(b.Inputs.IDs, int32(r.IntN(60)))
		}
		for range 1 + r.IntN(longest) {
			b.Labels.IDs = append(b.Labels.IDs, int32(r.IntN(60)))
		}
		b.Inputs.End()
		b.Labels.End()
	}
	return b
}

// trainingGraph returns a graph of a tiny model that differentiates, and what makes a step of it.
func trainingGraph(t *testing.T, recompute bool) (graph *LossGraph, step func(b Batch)) {
	t.Helper()
	return trainingGraphOn(t, kernel.NewWorkers(2), "gated-gelu", recompute)
}

func trainingGraphOn(t *testing.T, w *kernel.Workers, proj string, recompute bool) (graph *LossGraph,
	step func(b Batch)) {
	t.Helper()
	graph, err := tiny(t, proj, true).LossGraph(w,
		LossOptions{Dropout: 0.1, Gradients: true, Recompute: recompute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { graph.Close() })
	number := uint32(0)
	return graph, func(b Batch) {
		number++
		if _, err := graph.Run(b, op.Pass{Train: true, Seed: 1, Number: number, GradScale: 1}); err != nil {
			t.Fatal(err)
		}
	}
}

// heap returns the bytes that are in use.
func heap() int {
	runtime.GC()
	runtime.GC() // the first one moves what a sync.Pool holds aside, the second one frees it
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// After the first steps a run needs no more memory, whether its batches are all of one shape or each of another.
func TestStepsDoNotGrow(t *testing.T) {
	for _, recompute := range []bool{false, true} {
		for name, ragged := range map[string]bool{"one shape": false, "random shapes": true} {
			t.Run(fmt.Sprintf("%s/recompute=%v", name, recompute), func(t *testing.T) {
				graph, step := trainingGraph(t, recompute)
				r := rand.New(rand.NewPCG(1, 2))
				largest := randomLengths(r, 30, 20)
				run := func(steps int) {
					for range steps {
						b := largest
						if ragged {
							b = randomLengths(r, 15+r.IntN(12), 20)
						}
						step(b)
					}
				}
				step(largest)
				run(2)
				memory, before := graph.Memory(), heap()
				run(27)
				after := heap()
				if graph.Memory() > memory*5/4 || !ragged && graph.Memory() != memory {
					t.Errorf("values take %d bytes after 30 steps and %d after 3", graph.Memory(), memory)
				}
				if growth := after - before - (graph.Memory() - memory); growth > 1<<17 {
					t.Errorf("the heap grows by %d bytes from step 3 to step 30", growth)
				}
			})
		}
	}
}

// Four times the length is four times the memory: nothing has the square of it.
func TestMemoryGrowsWithTheLength(t *testing.T) {
	for _, recompute := range []bool{false, true} {
		t.Run(fmt.Sprintf("recompute=%v", recompute), func(t *testing.T) {
			memory := func(length int) int {
				graph, step := trainingGraph(t, recompute)
				var b Batch
				b.Inputs.Append(make([]int32, length)...)
				b.Labels.Append(make([]int32, 8)...)
				before := heap()
				step(b)
				return max(graph.Memory(), heap()-before)
			}
			short, long := memory(512), memory(2048)
			if long > 5*short {
				t.Errorf("%d bytes for 512 tokens and %d for 2,048", short, long)
			}
		})
	}
}

// Recomputation is there for this.
func TestRecomputeSavesMemory(t *testing.T) {
	b := randomLengths(rand.New(rand.NewPCG(1, 2)), 50, 40)
	memory := func(recompute bool) int {
		graph, step := trainingGraph(t, recompute)
		step(b)
		return graph.Memory()
	}
	if kept, again := memory(false), memory(true); again > kept*2/3 {
		t.Errorf("%d bytes with recomputation and %d without", again, kept)
	}
}

// Activations that only products read are kept in two bytes; the inside of a gated feed-forward stays in four.
func TestBFloat16SavesMemory(t *testing.T) {
	b := randomLengths(rand.New(rand.NewPCG(1, 2)), 60, 40)
	for proj, most := range map[string]float64{"relu": 0.7, "gated-gelu": 0.85} {
		memory := func(p kernel.Precision) float64 {
			graph, step := trainingGraphOn(t, kernel.NewWorkers(2).In(p), proj, false)
			step(b)
			return float64(graph.Memory())
		}
		if got, float := memory(kernel.BFloat16), memory(kernel.Float32); got > most*float {
			t.Errorf("%s: %.0f bytes in bfloat16 and %.0f in float32", proj, got, float)
		}
	}
}
