package progress_test

import (
	"fmt"

	"t5train/trainer/serve/progress"
)

// The stop text of a request ends an output.
func ExampleCutAt() {
	fmt.Println(progress.CutAt("One. Two. Three.", []string{"Two"}, false))
	// Output: One.  true
}
