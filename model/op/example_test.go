package op_test

import (
	"fmt"

	"t5train/model/kernel"
	"t5train/model/op"
)

// Eager computes at once what a graph would record.
func ExampleEager() {
	table, w := op.NewParam("embedding", 3, 2), op.NewParam("weight", 1, 2)
	copy(table.Value, []float32{0, 0, 1, 2, 3, 4})
	copy(w.Value, []float32{10, 1})
	e := op.NewEager(kernel.NewWorkers(1))
	x := e.Embed(table, &op.Ragged{IDs: []int32{2, 1}})
	fmt.Println(x.Data, e.Linear(x, w).Data)
	// Output: [3 4 1 2] [34 12]
}
