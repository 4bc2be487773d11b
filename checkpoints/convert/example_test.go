package convert_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"t5train/checkpoints"
	"t5train/checkpoints/convert"
)

func ExampleConvert() {
	dir, err := os.MkdirTemp("", "convert")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	half := filepath.Join(dir, "half")
	err = convert.Convert(context.Background(), "../../testdata/golden/generate/toy_v10", half,
		convert.ConvertOptions{DType: "bfloat16"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	weights, err := checkpoints.OpenWeights(half)
	if err != nil {
		log.Fatal(err)
	}
	defer weights.Close()
	for _, d := range weights.DTypes() {
		fmt.Println(d.DType, d.Bytes, "bytes")
	}
	// Output:
	// BF16 85120 bytes
}
