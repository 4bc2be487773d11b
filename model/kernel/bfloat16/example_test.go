package bfloat16_test

import (
	"fmt"

	"t5train/model/kernel/bfloat16"
)

func ExampleRound() {
	fmt.Println(bfloat16.Round(1.005), bfloat16.Round(3.14159))
	// Output: 1.0078125 3.140625
}
