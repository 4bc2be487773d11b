package card_test

import (
	"fmt"
	"strings"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/trainer/card"
)

func ExampleText() {
	c := configs.Default()
	c.Output, c.Task.Name = "runs/first", "classification"
	text, err := card.Text(c, checkpoints.Info{})
	fmt.Println(strings.HasPrefix(text, "---\n"), err)
	// Output: true <nil>
}
