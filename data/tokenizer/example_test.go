package tokenizer_test

import (
	"fmt"
	"log"

	"t5train/data/tokenizer"
)

func ExampleT5() {
	tok, err := tokenizer.T5()
	if err != nil {
		log.Fatal(err)
	}
	ids := tok.Encode("Hello, world!")
	fmt.Println(ids)
	fmt.Println(tok.Decode(ids, true))
	// Output:
	// [8774 6 296 55]
	// Hello, world!
}

func ExampleByT5() {
	tok := tokenizer.ByT5() // a token is a byte and 3
	fmt.Println(tok.Encode("Hé"))
	// Output: [75 198 172]
}
