package checkpoints_test

import (
	"fmt"
	"log"

	"t5train/checkpoints"
)

// A folder of Hugging Face is read tensor by tensor.
func ExampleOpenWeights() {
	weights, err := checkpoints.OpenWeights("../testdata/golden/generate/toy_v10")
	if err != nil {
		log.Fatal(err)
	}
	defer weights.Close()
	shape, _ := weights.Shape("shared.weight")
	fmt.Println(len(weights.Names()), "tensors,", weights.Elements(), "parameters, embedding", shape)
	// Output:
	// 47 tensors, 42560 parameters, embedding [30 32]
}
