package dataset_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"t5train/data/dataset"
	"t5train/data/table"
)

// A table of another format is opened as parquet that is made of it, and read row by row.
func ExampleOpenFiles() {
	dir, err := os.MkdirTemp("", "data")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "reviews.csv")
	if err := os.WriteFile(file, []byte("text,label\nA good film.,1\nA bad one.,0\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	set, err := dataset.OpenFiles(ctx, []string{file}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Rows(), "rows")
	err = set.Scan(ctx, []string{"text", "label"}, func(_ int64, cells []table.Cell) error {
		fmt.Println(cells[1].Str, cells[0].Str)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2 rows
	// 1 A good film.
	// 0 A bad one.
}
