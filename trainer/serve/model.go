package serve

import (
	"context"

	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/model/generate"
	"t5train/trainer/predict"
)

// model is what the server asks; [predict.Predictor] is one. Texts are what goes into it, by the rule of the task. Each call
// answers one batch, in order. A model is for one goroutine at a time: each worker has one.
type model interface {
	Generate(ctx context.Context, texts []string, o generate.Options) ([]predict.Generated, error)
	Classify(ctx context.Context, texts []string) ([]predict.Classified, error)
	Score(ctx context.Context, texts []string, targets [][]string) ([]predict.Scored, error)
}

// profile is what the server knows about a model, to read requests and to describe it.
type profile struct {
	tokenizer  *tokenizer.Tokenizer
	vocabulary int       // rows of the embedding, of which the tokenizer may use fewer
	task       task.Spec // what is done with inputs, and the labels
	parameters int64
	dtype      string // of the weights in memory

	maxInput, maxOutput int // tokens, EOS included; of an output where a request does not say it
	labelTokens         int // of all labels' texts
}
