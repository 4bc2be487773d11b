package texts_test

import (
	"fmt"

	"t5train/trainer/metric/texts"
)

// BLEU is added up over pairs; other metrics are used in the same way.
func ExampleTotal() {
	bleu := texts.New(texts.BLEU{})
	for prediction, reference := range map[string]string{
		"The cat sat on the mat.": "The cat is on the mat.",
		"That is good.":           "That is good.",
	} {
		if err := bleu.Add(prediction, []string{reference}); err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, v := range bleu.Result() {
		fmt.Printf("%s %.2f\n", v.Name, v.Value)
	}
	// Output:
	// bleu 63.40
}

func ExampleAnswerF1() {
	fmt.Printf("%.2f", texts.AnswerF1("the river Thames", "Thames"))
	// Output: 0.67
}
