package compare_test

import (
	"fmt"
	"os"

	"t5train/data/tokenizer"
	"t5train/data/tokenizer/compare"
)

// A tokenizer writes texts as it does itself.
func ExampleDifferences() {
	t5, err := tokenizer.T5()
	if err != nil {
		fmt.Println(err)
		return
	}
	d := compare.New(os.Stdout, [2]*tokenizer.Tokenizer{t5, t5}, [2]string{"one", "other"}, 3)
	if err := d.Text("That is good."); err != nil {
		fmt.Println(err)
	}
	fmt.Println(d.Result())
	// Output:
	// one: unigram, 32100 tokens with 100 sentinels, rules of transformers
	// other: unigram, 32100 tokens with 100 sentinels, rules of transformers
	// no difference in the vocabulary and in 1 texts
	// <nil>
}
