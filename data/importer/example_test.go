package importer_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"t5train/data/importer"
)

func ExampleImport() {
	dir, err := os.MkdirTemp("", "import")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	reviews := filepath.Join(dir, "reviews.csv")
	if err := os.WriteFile(reviews, []byte("text,stars\nGood.,5\nBad.,1\nFine.,4\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	result, err := importer.Import(context.Background(), importer.Options{
		Inputs: []string{reviews}, Output: filepath.Join(dir, "reviews"), Labels: []string{"stars"}, Seed: 1,
		Shares: []importer.Share{{Name: "train", Ratio: 0.7}, {Name: "validation", Ratio: 0.3}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for i, split := range result.Splits {
		fmt.Println(split.Name, split.Rows, filepath.Base(result.Files[i]))
	}
	// Output:
	// train 2 train-00000-of-00001.parquet
	// validation 1 validation-00000-of-00001.parquet
}
