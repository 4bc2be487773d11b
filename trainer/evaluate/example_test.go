package evaluate_test

import (
	"context"
	"fmt"
	"log"

	"t5train/checkpoints"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/model"
	"t5train/trainer/evaluate"
)

// A model that is not trained yet is evaluated on eight messages.
func ExampleEvaluate() {
	size, err := model.SizeByName("v1_1-tiny")
	if err != nil {
		log.Fatal(err)
	}
	size.Config.VocabSize = 384 // ByT5's
	t5, err := model.New(size.Config)
	if err != nil {
		log.Fatal(err)
	}
	t5.Init(1)
	folder := &checkpoints.Folder{Model: t5, Tokenizer: tokenizer.ByT5()}
	evaluation, err := evaluate.Evaluate(context.Background(), folder, evaluate.Options{
		Data: []string{"../../testdata/sms_spam/validation-00000-of-00001.parquet"}, MaxExamples: 8, MaxInputLength: 64,
		Task: task.Spec{Name: task.Classification},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, v := range evaluation.Values[:6] {
		fmt.Println(v.Name)
	}
	// Output:
	// examples
	// loss
	// perplexity
	// tokens
	// token_accuracy
	// accuracy
}
