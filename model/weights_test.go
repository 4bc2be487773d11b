package model_test

import (
	"t5train/checkpoints"
	"t5train/model"
)

func init() {
	model.OpenWeights = func(dir string) (model.Weights, error) { return checkpoints.OpenWeights(dir) }
}
