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
	b.Index = append(b.Index, index)
}

// Reset empties b and keeps its memory.
func (b *Batch) Reset() { b.truncate(0) }

// truncate leaves the first n examples.
func (b *Batch) truncate(n int) {
	b.Inputs.Truncate(n)
	b.Labels.Truncate(n)
	b.Index = b.Index[:n]
}
