package allreduce_test

import (
	"context"
	"fmt"
	"log"

	"t5train/trainer/allreduce"
)

// A process on its own does all the work; ranks would do every third of three.
func ExampleDistribute() {
	var group *allreduce.Group // allreduce.Open returns one where a launcher has started several processes
	each := func(_ context.Context, next func(compute func() (int, error)) error) error {
		for i := range 3 {
			if err := next(func() (int, error) { return i * i, nil }); err != nil {
				return err
			}
		}
		return nil
	}
	sum := 0
	if err := allreduce.Distribute(context.Background(), group, each, func(square int) error {
		sum += square
		return nil
	}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(group.Size(), "rank:", sum)
	// Output: 1 rank: 5
}
