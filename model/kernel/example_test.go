package kernel_test

import (
	"fmt"

	"t5train/model/kernel"
)

func ExampleGemm() {
	x, weight := []float32{1, 2}, []float32{3, 4, 5, 6} // x [1, 2], weight [2, 2]
	y := make([]float32, 2)
	kernel.Gemm(nil, false, true, 1, 2, 2, x, 2, weight, 2, false, y, 2) // y = x·weightᵀ
	fmt.Println(y)
	// Output: [11 17]
}
