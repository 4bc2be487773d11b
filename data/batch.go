package data

import "t5train/model"

// Batch is a batch of examples of a Source.
type Batch struct {
	model.Batch
	Index []int // [sequences] number of each example in the source that made it

	chunk []int32 // text on its way through an objective
}

// End makes an example of the ids that a Source has appended to Inputs.IDs and Labels.IDs since the last one. Both must
// end in EOS; index is the example's number in the source.
func (b *Batch) End(index int) { b.endVector(index, nil) }

// endVector is End for an example with a vector, which b keeps; nil is none.
func (b *Batch) endVector(index int, vector []float32) {
	b.Inputs.End()
	b.Labels.End()
	b.Index = append(b.Index, index)
	if vector != nil || len(b.Vectors) > 0 { // one of each sequence from the first vector on
		b.Vectors = append(b.Vectors, make([][]float32, b.Sequences()-1-len(b.Vectors))...)
		b.Vectors = append(b.Vectors, vector)
	}
}

// Reset empties b and keeps its memory.
func (b *Batch) Reset() { b.truncate(0) }

// truncate leaves the first n examples.
func (b *Batch) truncate(n int) {
	b.Inputs.Truncate(n)
	b.Labels.Truncate(n)
	b.Soft.Truncate(len(b.Labels.IDs))
	b.Vectors = b.Vectors[:min(n, len(b.Vectors))]
	b.Index = b.Index[:n]
}
