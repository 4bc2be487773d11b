package trainer_test

import (
	"context"
	"fmt"
	"log"

	"t5train/data/task"
	"t5train/trainer"
)

// A checkpoint of a classification answers texts. TextInput puts the prefix of its task in front of each, "sms: " here.
func ExamplePredictor() {
	bundle, _, err := trainer.Open("runs/first")
	if err != nil {
		log.Fatal(err)
	}
	spec, err := trainer.PredictionTask(bundle, task.Options{}) // the checkpoint's, or seq2seq where it knows none
	if err != nil {
		log.Fatal(err)
	}
	predictor := trainer.NewPredictor(bundle, spec, nil, trainer.PredictorOptions{}) // on all processors
	input, err := trainer.TextInput(predictor.Task(), "You have won a prize")
	if err != nil {
		log.Fatal(err)
	}
	answers, err := predictor.Classify(context.Background(), []string{input.Text})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answers[0].Label.Name, answers[0].Probability)
}
