package generate_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"t5train/checkpoints"
	"t5train/model"
	"t5train/model/generate"
	"t5train/model/kernel"
)

// The model is a toy that has learned a little to copy its input.
func Example() {
	weights, err := checkpoints.OpenWeights("../../testdata/golden/generate/toy_v10")
	if err != nil {
		log.Fatal(err)
	}
	defer weights.Close()
	config, err := model.ParseConfig(weights.Config())
	if err != nil {
		log.Fatal(err)
	}
	t5, err := model.Load(config, weights)
	if err != nil {
		log.Fatal(err)
	}
	generator := generate.New(t5, kernel.NewWorkers(0))
	outputs, err := generator.Generate(context.Background(), [][]int32{{11, 27, 1}},
		generate.Options{MaxTokens: 10, Beams: 4, NumReturnSequences: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, out := range outputs[0] {
		fmt.Printf("%d, probability %.3f\n", out.IDs, math.Exp(out.LogProb))
	}
	// Output:
	// [11 27], probability 0.231
	// [11], probability 0.182
}
