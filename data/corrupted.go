package data

import (
	"t5train/data/objective"
)

// Chunks are plain text: token ids, cut to what an example takes.
type Chunks interface {
	// Len returns the number of chunks.
	Len() int
	// Chunk appends the tokens of chunk i, 0 <= i < Len(), to into. It may be called from several goroutines.
	Chunk(i int, into []int32) []int32
}

// Corrupted is a Source of plain text: an example is a chunk of it, made into inputs and targets by an objective, anew
// in each epoch.
type Corrupted struct {
	chunks    Chunks
	objective objective.Objective
	seed      uint64

	// Vector, if not nil, returns the vector of chunk i: see model.Batch. It may be called from several goroutines.
	Vector func(i int) []float32
}

// NewCorrupted returns the examples of the chunks, of which none may have more than objective.Lengths().Tokens tokens.
func NewCorrupted(chunks Chunks, objective objective.Objective, seed uint64) *Corrupted {
	return &Corrupted{chunks: chunks, objective: objective, seed: seed}
}

// Len returns the number of chunks.
func (c *Corrupted) Len() int { return c.chunks.Len() }

// Append adds the example of chunk i in an epoch.
func (c *Corrupted) Append(epoch int64, i int, b *Batch) {
	b.chunk = c.chunks.Chunk(i, b.chunk[:0])
	key := objective.Key{Seed: c.seed, Epoch: epoch, Index: int64(i)}
	b.Inputs.IDs, b.Labels.IDs = c.objective.Append(key, b.chunk, b.Inputs.IDs, b.Labels.IDs)
	var vector []float32
	if c.Vector != nil {
		vector = c.Vector(i)
	}
	b.endVector(i, vector)
}
