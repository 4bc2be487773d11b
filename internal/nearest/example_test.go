package nearest_test

import (
	"fmt"

	"t5train/internal/nearest"
)

func ExampleWord() {
	fmt.Println(nearest.Word("adafacter", []string{"adafactor", "adamw", "sgd"}))
	// Output: adafactor
}
