package setup

import (
	"context"
	"errors"
	"fmt"

	"t5train/configs"
	"t5train/data/dataset"
	"t5train/trainer/evaluate"
)

// CheckData opens all files that a run reads, before any of them is worked on, and reports everything that is wrong
// with them.
func CheckData(ctx context.Context, c *configs.Config) error {
	var errs []error
	for _, t := range dataOf(c) {
		if _, err := dataset.OpenData(ctx, t.files, t.wanted); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", t.key, err))
		}
	}
	if len(errs) > 0 || !c.Pretraining() {
		return errors.Join(errs...)
	}
	// Text is tokenized corpus by corpus, each of which may take hours.
	return errors.Join(CheckText(ctx, c, nil, nil)...)
}

// keyedFiles is data by its key in the configuration.
type keyedFiles struct {
	key           string
	files, wanted []string
}

// dataOf lists the data of a run.
func dataOf(c *configs.Config) (all []keyedFiles) {
	add := func(key string, files, wanted []string) {
		if len(files) > 0 {
			all = append(all, keyedFiles{key, files, wanted})
		}
	}
	add("data.train", c.Data.Train, dataset.ForTraining)
	add("data.validation", c.Data.Validation, dataset.ForValidation)
	for _, p := range c.Data.Mixture {
		add(evaluate.ComponentKey(p.Name)+", train", p.Train, dataset.ForTraining)
		add(evaluate.ComponentKey(p.Name)+", validation", p.Validation, dataset.ForValidation)
	}
	return all
}
