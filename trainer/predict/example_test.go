package predict_test

import (
	"context"
	"fmt"
	"log"

	"t5train/checkpoints"
	"t5train/data/task"
	"t5train/trainer/evaluate"
	"t5train/trainer/predict"
)

// A checkpoint of a classification answers texts. TextInput puts the prefix of its task in front of each, "sms: " here.
func ExamplePredictor() {
	bundle, _, err := checkpoints.Open("runs/first")
	if err != nil {
		log.Fatal(err)
	}
	spec, err := evaluate.PredictionTask(bundle, task.Spec{}) // the checkpoint's, or seq2seq where it knows none
	if err != nil {
		log.Fatal(err)
	}
	predictor := predict.NewPredictor(bundle, spec, nil, predict.PredictorOptions{}) // on all processors
	input, err := predict.TextInput(predictor.Task(), "You have won a prize")
	if err != nil {
		log.Fatal(err)
	}
	answers, err := predictor.Classify(context.Background(), []string{input.Text})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answers[0].Label.Name, answers[0].Probability)
}
