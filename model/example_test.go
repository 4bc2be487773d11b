package model_test

import (
	"fmt"

	"t5train/model"
)

func ExampleSizes() {
	for _, s := range model.Sizes()[:3] {
		fmt.Println(s.Name, s.Config.Parameters())
	}
	// Output:
	// small 60506624
	// base 222903552
	// large 737668096
}
