package configs_test

import (
	"fmt"

	"t5train/configs"
)

// All mistakes are reported at once.
func ExampleLoad() {
	_, err := configs.Load(configs.LoadOptions{Command: "finetune", Set: []string{
		"output=runs/first", "model.path=flan-t5-small", "data.train=[train.parquet]", "task.name=classification",
		"train.batch_size=10.7", "optimizer.name=adam",
	}})
	fmt.Println(err)
	// Output:
	// train.batch_size: got 10.7, want an integer number of examples >= 1 and <= 1048576, or 0 (set)
	// optimizer.name: got "adam", want one of adafactor, adamw, sgd: did you mean adamw? (set)
}
