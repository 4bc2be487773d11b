package data

// Source is a set of examples that can be read in any order, as often as wanted. *Examples are the rows of a table in
// memory, *Corrupted makes examples of plain text, and a *Mixture mixes others. It may be used from several goroutines
// at once, each with a batch of its own.
type Source interface {
	// Len returns the number of examples in an epoch.
	Len() int
	// Append adds example i, 0 <= i < Len(), to a batch: its ids to Inputs.IDs and Labels.IDs, then End. What it adds
	// is a pure function of (epoch, i).
	Append(epoch int64, i int, b *Batch)
}

// shuffle returns a source in another order each epoch. That of a mixture stays: its tasks are shuffled each for
// itself, and take turns as evenly as they can.
func shuffle(s Source, seed uint64) Source {
	if m, ok := s.(*Mixture); ok {
		return m
	}
	return shuffled{s, seed}
}

// shuffled is a source in another order each epoch.
type shuffled struct {
	Source
	seed uint64
}

func (s shuffled) Append(epoch int64, i int, b *Batch) {
	s.Source.Append(epoch, NewPermutation(s.Len(), s.seed, epoch).At(i), b)
}
