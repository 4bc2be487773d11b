package bench_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"t5train/trainer/bench"
)

// The speed of T5's tokenizer over a text. The speeds of the result differ from run to run.
func ExampleTokenize() {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "text.txt")
	if err := os.WriteFile(file, []byte("The house is wonderful.\nIt is old.\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	r, err := bench.Tokenize(context.Background(), bench.TokenizeOptions{Text: file, Steps: 1, Threads: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Lines, "lines,", r.Tokens, "tokens, speed known:", r.TokensPerS > 0)
	// Output:
	// 2 lines, 9 tokens, speed known: true
}
