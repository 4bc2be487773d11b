package pytorch_test

import (
	"fmt"

	"t5train/checkpoints/pytorch"
)

func ExampleOpen() {
	f, err := pytorch.Open("testdata/zip.bin") // nothing of it is executed
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	tensor, ok := f.Tensor("a")
	fmt.Println(tensor.DType, tensor.Shape, ok)
	// Output: F32 [2 3] true
}
