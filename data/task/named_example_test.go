package task_test

import (
	"fmt"
	"log"

	"t5train/data/task"
)

// One of T5's tasks makes its input of two texts, and reads the answer of a model as a label.
func ExampleNamed() {
	spec, ok := task.Named("glue/mrpc")
	if !ok {
		log.Fatal("no such task")
	}
	input, err := spec.Input([]string{"The cat sat.", "A cat was sitting."})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(spec.Columns())
	fmt.Println(input)
	fmt.Println("class", spec.Decode("equivalent"))
	// Output:
	// [sentence1 sentence2 label]
	// mrpc sentence1: The cat sat. sentence2: A cat was sitting.
	// class 1
}
