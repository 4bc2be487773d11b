// Package data is what training and evaluation read: sources of examples, their order, mixtures of them, and batches.
//
//	limits := data.Limits{MaxInput: 512, MaxTarget: 8}
//	examples, err := data.Build(ctx, set, spec, data.ForTraining, tok, limits, threads, nil)
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
// What Batches reads is a Source: Examples are rows in memory, Corrupted makes examples of plain text, and a Mixture
// interleaves others:
//
//	text := data.NewCorrupted(chunks, spans, seed)
//	mixture, err := data.NewMixture([]data.Component{
//		{Name: "text", Source: text, Rate: 3}, {Name: "sst2", Source: examples, Rate: 1},
//	}, seed)
//	batches, err := data.NewBatches(mixture, data.Size{Tokens: 8192}, data.Order{})
//
// Folder parquetio reads the files, task makes text of their rows, tokenizer makes ids of the text, objective makes
// examples of plain text.
package data
