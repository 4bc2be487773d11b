package portable_test

import (
	"fmt"

	"t5train/model/kernel/portable"
)

func ExampleDot() {
	fmt.Println(portable.Dot([]float32{1, 2, 3}, []float32{4, 5, 6}))
	// Output: 32
}
