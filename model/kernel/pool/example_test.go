package pool_test

import (
	"fmt"

	"t5train/model/kernel/pool"
)

// Each task has a place of its own for its result, so that the order does not matter.
func ExamplePool() {
	squares := make([]int, 5)
	pool.New(2).Run(len(squares), func(task int) { squares[task] = task * task })
	fmt.Println(squares)
	// Output: [0 1 4 9 16]
}
