package corpus_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"t5train/data/corpus"
)

// The texts of a column of a table, as the training of a vocabulary reads them.
func ExampleReadTexts() {
	dir, err := os.MkdirTemp("", "corpus")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "pairs.csv")
	if err := os.WriteFile(file, []byte("en,de\nA house.,Ein Haus.\nA tree.,Ein Baum.\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	err = corpus.ReadTexts(context.Background(), []string{file + ":de"}, nil, func(text string) error {
		fmt.Println(text)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// Ein Haus.
	// Ein Baum.
}
