package suit_test

import (
	"fmt"

	"t5train/configs/suit"
)

// How long a run is follows from the rows and the model where nobody says it.
func ExampleFacts_Epochs() {
	for _, rows := range []int{100, 1_000, 9_000} {
		small := suit.Facts{Rows: rows, Tokens: 30, Pretrained: true, Parameters: 9e6}
		fmt.Println(small, "-", small.Epochs(3, suit.SmallBatch, 1), "epochs")
	}
	// Output:
	// 100 rows and trained weights of a small model - 50 epochs
	// 1,000 rows and trained weights of a small model - 16 epochs
	// 9,000 rows and trained weights of a small model - 5 epochs
}
