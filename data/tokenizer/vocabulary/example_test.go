package vocabulary_test

import (
	"context"
	"fmt"
	"log"

	"t5train/data/tokenizer"
	"t5train/data/tokenizer/vocabulary"
)

func ExampleTrain() {
	texts := func(_ context.Context, yield func(text string) error) error {
		return yield("low low low lower lower lowest")
	}
	o := vocabulary.Defaults()
	o.Kind, o.VocabSize = vocabulary.BPE, 14
	result, err := vocabulary.Train(context.Background(), texts, o)
	if err != nil {
		log.Fatal(err)
	}
	tok, err := tokenizer.New(result.Model, tokenizer.Options{ExtraIDs: 100})
	if err != nil {
		log.Fatal(err)
	}
	for _, id := range tok.Encode("low lowest") {
		fmt.Print(tok.Piece(id), " ")
	}
	fmt.Println(tok.VocabSize())
	// Output: ▁low ▁low e s t 114
}
