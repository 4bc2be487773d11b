package data

// DecoderStart is the id in front of the decoder's input: T5 starts with padding.
const DecoderStart = 0

// Batch is a ragged batch: sequences end to end, without padding. The targets [5 6 1] and [7 1] become
//
//	Labels:     [5 6 1  7 1]
//	DecIDs:     [0 5 6  0 7]   Labels shifted right within each sequence, DecoderStart in front
//	DecOffsets: [0 3 5]        sequence s is DecIDs[DecOffsets[s]:DecOffsets[s+1]]
type Batch struct {
	EncIDs     []int32 // [encoder tokens]
	EncOffsets []int32 // [sequences+1]
	DecIDs     []int32 // [decoder tokens]
	Labels     []int32 // [decoder tokens]
	DecOffsets []int32 // [sequences+1]
	Index      []int   // [sequences] number of each example in the source that made it

	piece []int32 // text on its way through an objective
}

// Sequences returns the number of examples in the batch.
func (b *Batch) Sequences() int { return len(b.Index) }

// Tokens returns the number of encoder and decoder tokens together.
func (b *Batch) Tokens() int { return len(b.EncIDs) + len(b.Labels) }

// End makes an example of the ids that a Source has appended to EncIDs and Labels since the last one. Both must end
// in EOS; index is the example's number in the source.
func (b *Batch) End(index int) {
	target := b.Labels[len(b.DecIDs):]
	b.DecIDs = append(b.DecIDs, DecoderStart)
	b.DecIDs = append(b.DecIDs, target[:len(target)-1]...)
	b.EncOffsets = append(b.EncOffsets, int32(len(b.EncIDs)))
	b.DecOffsets = append(b.DecOffsets, int32(len(b.DecIDs)))
	b.Index = append(b.Index, index)
}

// dropLast takes the last example out again.
func (b *Batch) dropLast() {
	n := b.Sequences() - 1
	b.EncIDs = b.EncIDs[:b.EncOffsets[n]]
	b.DecIDs, b.Labels = b.DecIDs[:b.DecOffsets[n]], b.Labels[:b.DecOffsets[n]]
	b.EncOffsets, b.DecOffsets, b.Index = b.EncOffsets[:n+1], b.DecOffsets[:n+1], b.Index[:n]
}

// reset empties b and keeps its memory.
func (b *Batch) reset() {
	*b = Batch{
		EncIDs: b.EncIDs[:0], EncOffsets: append(b.EncOffsets[:0], 0),
		DecIDs: b.DecIDs[:0], Labels: b.Labels[:0], DecOffsets: append(b.DecOffsets[:0], 0),
		Index: b.Index[:0], piece: b.piece,
	}
}
