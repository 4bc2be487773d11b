package data

import "fmt"

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
	Index      []int   // [sequences] number of each example in its Examples
}

// Sequences returns the number of examples in the batch.
func (b *Batch) Sequences() int { return len(b.Index) }

// reset empties b and keeps its memory.
func (b *Batch) reset() {
	*b = Batch{
		EncIDs: b.EncIDs[:0], EncOffsets: append(b.EncOffsets[:0], 0),
		DecIDs: b.DecIDs[:0], Labels: b.Labels[:0], DecOffsets: append(b.DecOffsets[:0], 0),
		Index: b.Index[:0],
	}
}

func (b *Batch) add(e *Examples, i int) {
	target := e.Target(i)
	b.EncIDs = append(b.EncIDs, e.Input(i)...)
	b.DecIDs = append(b.DecIDs, DecoderStart)
	b.DecIDs = append(b.DecIDs, target[:len(target)-1]...) // never empty: it ends in EOS
	b.Labels = append(b.Labels, target...)
	b.EncOffsets = append(b.EncOffsets, int32(len(b.EncIDs)))
	b.DecOffsets = append(b.DecOffsets, int32(len(b.DecIDs)))
	b.Index = append(b.Index, i)
}

// Size bounds a batch. At least one of the bounds must be set; with both, both hold.
type Size struct {
	Examples int // most examples; 0: any number
	Tokens   int // most encoder and decoder tokens together; 0: any number
}

// Order is the order in which an epoch reads the examples.
type Order struct {
	Shuffle bool   // a new order each epoch; else the order of the rows, for evaluation
	Seed    uint64 // of the shuffled orders
}

// Batches cuts the endless sequence of epochs into batches. It only reads, so it may be used from several goroutines.
//
// A batch starts at a position and takes the examples that follow while they stay within its size. It never crosses
// the end of an epoch: the last batch of an epoch may be smaller. An example that alone exceeds the token budget is a
// batch of its own, as it can neither be split nor, without changing the data, be left out.
type Batches struct {
	examples *Examples
	size     Size
	order    Order
}

// NewBatches returns the batches of the examples.
func NewBatches(examples *Examples, size Size, order Order) (*Batches, error) {
	switch {
	case examples.Len() == 0:
		return nil, fmt.Errorf("make batches: there are no examples: is the data set empty?")
	case size.Examples < 0 || size.Tokens < 0 || size == Size{}:
		return nil, fmt.Errorf("make batches: size of %d examples and %d tokens, want at least one bound above 0", size.Examples, size.Tokens)
	}
	return &Batches{examples: examples, size: size, order: order}, nil
}

// Read fills into, whose memory it reuses, with the batch at a position and returns the position of the next one. A
// position counts the examples consumed since the start of the first epoch; it must not be negative.
func (b *Batches) Read(position int64, into *Batch) (next int64) {
	into.reset()
	n := int64(b.examples.Len())
	epoch, start := position/n, position%n
	order := b.epoch(epoch)
	end := b.end(order, int(start))
	for place := int(start); place < end; place++ {
		into.add(b.examples, order(place))
	}
	return epoch*n + int64(end)
}

// Epoch returns the number of the epoch, from 0, that the batch at a position belongs to.
func (b *Batches) Epoch(position int64) int64 { return position / int64(b.examples.Len()) }

// Count returns the number of batches in an epoch. With a token budget it differs between shuffled epochs.
func (b *Batches) Count(epoch int64) int {
	n := b.examples.Len()
	if b.size.Tokens == 0 {
		return (n + b.size.Examples - 1) / b.size.Examples
	}
	order := b.epoch(epoch)
	count := 0
	for start := 0; start < n; start = b.end(order, start) {
		count++
	}
	return count
}

// epoch returns the example at each place of an epoch.
func (b *Batches) epoch(epoch int64) func(place int) int {
	if !b.order.Shuffle {
		return func(place int) int { return place }
	}
	return NewPermutation(b.examples.Len(), b.order.Seed, epoch).At
}

// end returns the place behind the batch that starts at a place.
func (b *Batches) end(order func(int) int, start int) int {
	tokens := 0
	for place := start; place < b.examples.Len(); place++ {
		if b.size.Examples > 0 && place-start == b.size.Examples {
			return place
		}
		i := order(place)
		tokens += len(b.examples.Input(i)) + len(b.examples.Target(i))
		if b.size.Tokens > 0 && tokens > b.size.Tokens && place > start {
			return place
		}
	}
	return b.examples.Len()
}
