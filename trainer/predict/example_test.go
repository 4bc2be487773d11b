package predict_test

import (
	"context"
	"fmt"
	"log"

	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
)

// A checkpoint of a classification answers texts. FromText puts the prefix of its task in front of each, "sms: " here.
func ExamplePredictor() {
	predictor, err := predict.Open("runs/first", predict.OpenOptions{}) // on all processors
	if err != nil {
		log.Fatal(err)
	}
	input, err := inputfile.FromText(predictor.Task(), "You have won a prize")
	if err != nil {
		log.Fatal(err)
	}
	answers, err := predictor.Classify(context.Background(), []string{input.Text})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answers[0].Label.Name, answers[0].Probability)
}
