package remote_test

import (
	"fmt"

	"t5train/data/remote"
)

func ExampleIsURL() {
	fmt.Println(remote.IsURL("https://example.org/train.parquet"), remote.IsURL("data/train.parquet"))
	fmt.Println(remote.Name("https://example.org/data/train.parquet?download=true"))
	// Output:
	// true false
	// train.parquet
}
