package objective_test

import (
	"fmt"
	"log"

	"t5train/data/objective"
)

// Half of a chunk of ten tokens is noise. Sentinels count down from 103.
func Example() {
	spans, err := objective.NewSpanCorruption(objective.SpanOptions{Input: 8, Density: 0.5, Mean: 2.5},
		objective.Vocabulary{EOS: 1, FirstSentinel: 103, Sentinels: 4})
	if err != nil {
		log.Fatal(err)
	}
	chunk := []int32{10, 11, 12, 13, 14, 15, 16, 17, 18, 19}
	inputs, targets := spans.Append(objective.Key{Seed: 1}, chunk, nil, nil)
	fmt.Println(inputs)
	fmt.Println(targets)
	// Output:
	// [10 11 12 13 103 16 102 1]
	// [103 14 15 102 17 18 19 1]
}
