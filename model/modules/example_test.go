package modules_test

import (
	"fmt"

	"t5train/model/modules"
)

// What train.freeze would leave as it is.
func ExampleMatch() {
	params := []string{"shared.weight", "encoder.block.0.layer.0.SelfAttention.q.weight",
		"encoder.block.1.layer.0.SelfAttention.q.weight", "decoder.block.0.layer.0.SelfAttention.q.weight"}
	for _, module := range []string{"embedding", "encoder", "encoder.block.1"} {
		which, err := modules.Match(params, module)
		fmt.Println(module, which, err)
	}
	// Output:
	// embedding [0] <nil>
	// encoder [1 2] <nil>
	// encoder.block.1 [2] <nil>
}
