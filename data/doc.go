// Package data is what training and evaluation read: tokenised examples in memory, their order, and batches.
//
//	examples, err := data.Build(ctx, set, spec, tok, data.Limits{MaxInput: 512, MaxTarget: 8}, threads, nil)
//	batches, err := data.NewBatches(examples, data.Size{Examples: 32}, data.Order{Shuffle: true, Seed: 1})
//	var batch data.Batch
//	for position := int64(0); position < 3*int64(examples.Len()); { // three epochs
//		position = batches.Read(position, &batch)
//		step(batch)
//	}
//
// The position, the number of examples consumed since the start of the run, is all the state there is: every batch is
// a pure function of (seed, epoch, position), so a run that resumes at a position reads what it would have read.
//
// Folder parquetio reads the files, task makes text of their rows, tokenizer makes ids of the text.
package data
