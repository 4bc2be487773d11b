package peft_test

import (
	"fmt"

	"t5train/checkpoints/peft"
)

func ExampleParseConfig() {
	config, err := peft.ParseConfig([]byte(`{"peft_type": "LORA", "task_type": "SEQ_2_SEQ_LM", "r": 8, "lora_alpha": 16,
		"target_modules": ["q", "v"], "base_model_name_or_path": "google/flan-t5-small"}`))
	fmt.Println(config.Rank, config.Alpha, config.Base, err)
	// Output: 8 16 google/flan-t5-small <nil>
}
