package normalize_test

import (
	"fmt"
	"log"

	"t5train/data/tokenizer/normalize"
)

func Example() {
	n, err := normalize.New("nmt_nfkc")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", n.Append(nil, "  ＡＢＣ\tﬁne "))
	// Output: ▁ABC▁fine
}
