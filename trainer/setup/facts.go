package setup

import (
	"context"
	"runtime"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/configs/suit"
	"t5train/data"
	"t5train/data/dataset"
	"t5train/data/tokenizer"
)

// Facts finds what the settings of a fine-tuning follow from. What cannot be found is left out: reading the model or
// the data for the run tells why.
func Facts(ctx context.Context, c configs.Config) suit.Facts {
	c.Resolve()
	f := suit.Facts{Pretrained: c.Model.Path != ""}
	dir := ""
	if f.Pretrained {
		var err error
		if dir, _, err = checkpoints.Resolve(c.Model.Path); err != nil {
			return f
		}
		config, err := checkpoints.ReadModelConfig(dir, c.LoRA.On())
		if err != nil {
			return f
		}
		f.Parameters, f.NoDropout = config.Parameters(), config.DropoutRate == 0
	}
	rows, heldOut, tokens := 0, 0, 0.0
	for _, t := range Components(&c) {
		train, err := dataset.Open(ctx, t.Train, dataset.ForTraining, c.Data.MaxTrainExamples, 0)
		if err != nil {
			return f
		}
		rows += int(train.Rows())
		if len(t.Validation) > 0 {
			held, err := dataset.Open(ctx, t.Validation, dataset.ForValidation, c.Data.MaxValidationExamples, 0)
			if err != nil {
				return f
			}
			heldOut += int(held.Rows())
		}
	}
	if len(c.Data.Mixture) == 0 {
		if tok, err := OpenTokenizer(c.Tokenizer, dir); err == nil {
			tokens = meanTokens(ctx, &c, tok, rows)
		}
	}
	f.Rows, f.HeldOut, f.Tokens = rows, heldOut, tokens
	return f
}

// meanTokens returns how many tokens an example has on average, by a sample of the rows, 0 if that cannot be found.
func meanTokens(ctx context.Context, c *configs.Config, tok *tokenizer.Tokenizer, rows int) float64 {
	const sampled, few, plenty = 256, 5, 300_000
	if rows > plenty { // which are too many to look for a sample, and enough for one epoch however short they are
		return few
	}
	sample, err := dataset.Open(ctx, c.Data.Train, dataset.ForTraining, sampled, 0)
	if err != nil {
		return 0
	}
	spec, err := sample.Infer(ctx, c.Task, nil)
	if err != nil {
		return 0
	}
	limits := data.Limits{MaxInput: c.Data.MaxInputLength, MaxTarget: c.Data.MaxTargetLength}
	examples, err := data.Build(ctx, sample, spec, data.ForTraining, tok, limits,
		runtime.GOMAXPROCS(0), nil)
	if err != nil || examples.Len() == 0 {
		return 0
	}
	inputs, targets := examples.Tokens()
	return float64(inputs+targets) / float64(examples.Len())
}
