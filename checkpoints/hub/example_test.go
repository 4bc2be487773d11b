package hub_test

import (
	"fmt"

	"t5train/checkpoints/hub"
)

// A model of the hub is named by its owner and its own name, with a revision behind @.
func ExampleParseName() {
	name, ok := hub.ParseName("google/flan-t5-small@v1.0")
	fmt.Println(name, ok)
	_, ok = hub.ParseName("runs/first/checkpoints")
	fmt.Println(ok)
	// Output:
	// google/flan-t5-small@v1.0 true
	// false
}
