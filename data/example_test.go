package data_test

import (
	"context"
	"fmt"
	"log"

	"t5train/data"
	"t5train/data/parquetio"
	"t5train/data/task"
	"t5train/data/task/infer"
	"t5train/data/tokenizer"
)

// Rows of a parquet file become batches in an order that the seed decides.
func Example() {
	ctx := context.Background()
	set, err := parquetio.Open("../testdata/sms_spam/validation-00000-of-00001.parquet")
	if err != nil {
		log.Fatal(err)
	}
	spec, _, err := infer.Task(infer.Data{Columns: set.Columns()}, task.Spec{Name: task.Classification})
	if err != nil {
		log.Fatal(err)
	}
	examples, err := data.Build(ctx, set, spec, data.ForTraining, tokenizer.ByT5(),
		data.Limits{MaxInput: 512, MaxTarget: 8}, 1, nil)
	if err != nil {
		log.Fatal(err)
	}
	batches, err := data.NewBatches(examples, data.Size{Examples: 32}, data.Order{Shuffle: true, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	var batch data.Batch
	position := batches.Read(0, &batch)
	fmt.Println(examples.Len(), "examples, of which the first batch has", len(batch.Index), "and ends at", position)
	// Output:
	// 557 examples, of which the first batch has 32 and ends at 32
}
