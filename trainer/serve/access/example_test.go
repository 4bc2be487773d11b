package access_test

import (
	"fmt"

	"t5train/trainer/serve/access"
)

// A client shows its key as the clients of OpenAI do.
func ExampleKeys() {
	keys := access.NewKeys("one of sixteen or more")
	key, ok := access.Bearer("Bearer one of sixteen or more")
	fmt.Println(ok, keys.Has(key), keys.Has("another"))
	// Output: true true false
}
