package predict_test

import (
	"context"
	"fmt"
	"log"

	"t5train/checkpoints"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/model"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
)

// A model of a classification answers texts; this one is not trained, and a checkpoint of a run comes from
// checkpoints.Open. TextInput puts the prefix of its task in front of each text, "sms: " here.
func ExamplePredictor_Classify() {
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
	spec := task.Spec{Name: task.Classification, TextColumns: []string{"sms"}, LabelColumn: "label",
		Labels: []task.Label{{Name: "ham", Text: "ham"}, {Name: "spam", Text: "spam"}}}
	predictor := predict.NewPredictor(folder, spec, nil, predict.PredictorOptions{}) // on all processors
	input, err := inputfile.FromText(predictor.Task(), "You have won a prize")
	if err != nil {
		log.Fatal(err)
	}
	answers, err := predictor.Classify(context.Background(), []string{input.Text})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q has %d probabilities\n", input.Text, len(answers[0].Probabilities))
	// Output: "sms: You have won a prize" has 2 probabilities
}
