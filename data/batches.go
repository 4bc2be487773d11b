package data

import "fmt"

// Size bounds a batch. At least one of the bounds must be set; with both, both hold.
type Size struct {
	Examples int // most examples; 0: any number
	Tokens   int // most encoder and decoder tokens together; 0: any number
}

// Order is the order in which an epoch reads the examples.
type Order struct {
	Shuffle bool   // a new order each epoch, but for a Mixture, which has its own; else the order of the source
	Seed    uint64 // of the shuffled orders
}

// Batches cuts the endless sequence of a source's epochs into batches. It only reads, so it may be used from several
// goroutines.
//
// A batch starts at a position and takes the examples that follow while they stay within its size. It never crosses
// the end of an epoch: the last batch of an epoch may be smaller. An example that alone exceeds the token budget is a
// batch of its own, as it can neither be split nor, without changing the data, be left out.
type Batches struct {
	source Source
	size   Size
}

// NewBatches returns the batches of a source.
func NewBatches(source Source, size Size, order Order) (*Batches, error) {
	switch {
	case source == nil || source.Len() == 0:
		return nil, fmt.Errorf("make batches: there are no examples: is the data set empty?")
	case size.Examples < 0 || size.Tokens < 0 || size == Size{}:
		return nil, fmt.Errorf("make batches: size of %d examples and %d tokens, want at least one bound above 0",
			size.Examples, size.Tokens)
	}
	if order.Shuffle {
		source = shuffle(source, order.Seed)
	}
	return &Batches{source: source, size: size}, nil
}

// Read fills into, whose memory it reuses, with the batch at a position and returns the position of the next one. A
// position counts the examples consumed since the start of the first epoch; it must not be negative.
func (b *Batches) Read(position int64, into *Batch) (next int64) {
	n := int64(b.source.Len())
	epoch, start := position/n, position%n
	return epoch*n + int64(b.read(epoch, int(start), into))
}

// Skip returns what Read at a position does. Without a token budget it makes no example.
func (b *Batches) Skip(position int64) (next int64) {
	if b.size.Tokens > 0 {
		return b.Read(position, new(Batch))
	}
	n := int64(b.source.Len())
	return min(position+int64(b.size.Examples), position-position%n+n)
}

// read fills into with the batch that starts at a place of an epoch and returns the place behind it.
func (b *Batches) read(epoch int64, place int, into *Batch) int {
	into.Reset()
	for ; place < b.source.Len(); place++ {
		if b.size.Examples > 0 && into.Sequences() == b.size.Examples {
			break
		}
		b.source.Append(epoch, place, into)
		// What an example takes is known once it is made: the one too many is made for nothing, and again for the next
		// batch.
		if b.size.Tokens > 0 && into.Tokens() > b.size.Tokens && into.Sequences() > 1 {
			into.truncate(into.Sequences() - 1)
			break
		}
	}
	return place
}

// Epoch returns the number of the epoch, from 0, that the batch at a position belongs to.
func (b *Batches) Epoch(position int64) int64 { return position / int64(b.source.Len()) }

// Count returns the number of batches in an epoch. With a token budget it differs between epochs, and counting makes
// every example of the epoch.
func (b *Batches) Count(epoch int64) int {
	n := b.source.Len()
	if b.size.Tokens == 0 {
		return (n + b.size.Examples - 1) / b.size.Examples
	}
	var batch Batch
	count := 0
	for place := 0; place < n; place = b.read(epoch, place, &batch) {
		count++
	}
	return count
}
