package data

import "t5train/data/objective"

// Pieces are plain text: token ids, cut to what an example takes.
type Pieces interface {
	// Len returns the number of pieces.
	Len() int
	// Piece appends the tokens of piece i, 0 <= i < Len(), to into. It may be called from several goroutines.
	Piece(i int, into []int32) []int32
}

// Corrupted is a Source of plain text: an example is a piece of it, made into inputs and targets by an objective, anew
// in each epoch.
type Corrupted struct {
	pieces    Pieces
	objective objective.Objective
	seed      uint64

	// Vector, if not nil, returns the vector of piece i: see model.Batch. It may be called from several goroutines.
	Vector func(i int) []float32
}

// NewCorrupted returns the examples of the pieces, of which none may have more than objective.Lengths().Tokens tokens.
func NewCorrupted(pieces Pieces, objective objective.Objective, seed uint64) *Corrupted {
	return &Corrupted{pieces: pieces, objective: objective, seed: seed}
}

// Len returns the number of pieces.
func (c *Corrupted) Len() int { return c.pieces.Len() }

// Append adds the example of piece i in an epoch.
func (c *Corrupted) Append(epoch int64, i int, b *Batch) {
	b.piece = c.pieces.Piece(i, b.piece[:0])
	key := objective.Key{Seed: c.seed, Epoch: epoch, Index: int64(i)}
	b.Inputs.IDs, b.Labels.IDs = c.objective.Append(key, b.piece, b.Inputs.IDs, b.Labels.IDs)
	var vector []float32
	if c.Vector != nil {
		vector = c.Vector(i)
	}
	b.endVector(i, vector)
}
