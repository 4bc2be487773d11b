package generate_test

import (
	"t5train/checkpoints"
	"t5train/model/generate"
)

func init() {
	generate.OpenWeights = func(dir string) (generate.Weights, error) { return checkpoints.OpenWeights(dir) }
}
