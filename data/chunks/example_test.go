package chunks_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"t5train/data/chunks"
	"t5train/data/parquetio"
	"t5train/data/tokenizer"
)

// A corpus is tokenized once and then read in chunks of any length.
func Example() {
	ctx := context.Background()
	set, err := parquetio.Open("../../testdata/sms_spam/validation-00000-of-00001.parquet")
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "tokens")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, made, err := chunks.Build(ctx, dir, set, tokenizer.ByT5(), chunks.Options{Column: "sms", Threads: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	cut, err := store.Cut(chunks.Concat, 568)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(made.Rows, "documents,", cut.Len(), "chunks of", len(cut.Chunk(0, nil)), "tokens")
	// Output:
	// 557 documents, 80 chunks of 568 tokens
}
