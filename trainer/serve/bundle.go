package serve

import (
	"fmt"

	"t5train/checkpoints"
	"t5train/model/kernel"
	"t5train/trainer/evaluate"
	"t5train/trainer/predict"
)

// New returns a server of a checkpoint. Close frees it.
func New(b *checkpoints.Folder, o Options) (*Server, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	spec, err := evaluate.PredictionTask(b, o.Task)
	if err != nil {
		return nil, err
	}
	threads := kernel.NewWorkers(o.Threads) // which all workers share
	limits := predict.PredictorOptions{MaxInputLength: o.MaxInputLength, MaxOutputLength: o.Generation.MaxTokens}
	var models []model
	var first *predict.Predictor
	for range o.Workers {
		p := predict.NewPredictor(b, spec, threads, limits)
		if first == nil {
			first = p
		}
		models = append(models, p)
	}
	p := profile{
		tokenizer: b.Tokenizer, vocabulary: b.Model.Config.VocabSize, task: spec, dtype: "float32",
		parameters: b.Model.Config.Parameters(), maxInput: first.MaxInputLength(), maxOutput: first.MaxOutputLength(),
	}
	if b.Model.Int8() {
		p.dtype = "int8"
	}
	for _, l := range spec.Labels {
		p.labelTokens += len(b.Tokenizer.Encode(l.Text)) + 1
	}
	if o.MaxOutputLength == 0 {
		o.MaxOutputLength = max(512, p.maxOutput)
	}
	p.maxOutput = min(p.maxOutput, o.MaxOutputLength)
	o.Generation.MaxTokens = p.maxOutput
	if err := o.Generation.Validate(p.vocabulary); err != nil {
		return nil, fmt.Errorf("serve: what generation is by default cannot be: %w", err)
	}
	return newServer(p, models, o)
}
