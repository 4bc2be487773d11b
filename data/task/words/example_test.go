package words_test

import (
	"fmt"

	"t5train/data/task/words"
)

func ExampleCut() {
	for _, token := range words.Cut("Ada didn't stay.") {
		fmt.Printf("%s %d-%d\n", token.Text, token.Start, token.End)
	}
	// Output:
	// Ada 0-3
	// did 4-7
	// n't 7-10
	// stay 11-15
	// . 15-16
}
