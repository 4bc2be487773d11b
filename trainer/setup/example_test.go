package setup_test

import (
	"fmt"
	"log"

	"t5train/configs"
	"t5train/trainer/setup"
)

// The architecture of a new model: a size, of which keys of the configuration change what they name.
func ExampleModelConfig() {
	tokenizer, err := setup.OpenTokenizer(configs.Tokenizer{}, "") // T5's
	if err != nil {
		log.Fatal(err)
	}
	layers := 2
	config, err := setup.ModelConfig(configs.Model{Size: "small", NumLayers: &layers}, tokenizer)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(config.VocabSize, "rows,", config.DModel, "wide,", config.NumLayers, "and",
		config.NumDecoderLayers, "layers")
	// Output:
	// 32128 rows, 512 wide, 2 and 2 layers
}
