package plan_test

import (
	"fmt"
	"log"

	"t5train/trainer/bench/plan"
)

// A step of four micro-batches, of which one takes a second on a thread, on up to four machines of one core.
func Example() {
	measured := plan.Measured{
		Threads: []int{1}, MicroBatch: []float64{1}, Update: []float64{0.1}, Tokens: 1000, MicroBatches: 4,
		Gradients: 100e6, Rate: 5e9,
	}
	layouts, err := plan.Fit(measured, plan.Cluster{Nodes: 4, Cores: 1, Bandwidth: 1e9})
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range layouts {
		fmt.Printf("%d nodes: %.2f s a step, %.0f %% efficient\n", l.Nodes, l.Step, 100*l.Efficiency)
	}
	// Output:
	// 1 nodes: 4.10 s a step, 100 % efficient
	// 2 nodes: 2.15 s a step, 95 % efficient
	// 4 nodes: 1.17 s a step, 88 % efficient
}
