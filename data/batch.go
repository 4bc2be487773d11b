package data

import "t5train/model"

// Batch is a batch of examples of a Source.
type Batch struct {
	model.Batch
	Index []int // [sequences] number of each example in the source that made it

	piece []int32 // text on its way through an objective
}

// End makes an example of the ids that a Source has appended to Inputs.IDs and Labels.IDs since the last one. Both must
// end in EOS; index is the example's number in the source.
func (b *Batch) End(index int) {
	b.Inputs.End()
	b.Labels.End()
	if len(b.Vectors) > 0 {
		b.Vectors = append(b.Vectors, nil)
	}
	b.Index = append(b.Index, index)
}

// endVector is End for an example with a vector, which b keeps.
func (b *Batch) endVector(index int, vector []float32) {
	for len(b.Vectors) < b.Sequences() {
		b.Vectors = append(b.Vectors, nil)
	}
	b.End(index)
	b.Vectors = append(b.Vectors[:b.Sequences()-1], vector)
}

// Reset empties b and keeps its memory.
func (b *Batch) Reset() { b.truncate(0) }

// truncate leaves the first n examples.
func (b *Batch) truncate(n int) {
	b.Inputs.Truncate(n)
	b.Labels.Truncate(n)
	b.Vectors = b.Vectors[:min(n, len(b.Vectors))]
	b.Index = b.Index[:n]
}
