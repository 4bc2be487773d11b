package data

// Sample is some of the numbers 0..n-1, drawn without replacement: a function of (n, size, seed), computed and not
// stored, so it takes no memory whatever n is. A sample is a part of every larger one of the same n and seed.
//
//	s := NewSample(5, 2, seed) // say {1, 4}
//	s.Has(0), s.Has(1)         // false, true: for what is read in order
//	s.At(0), s.At(1)           // 2 different numbers: for what is read anywhere
//
// Has and At may draw different numbers: use one of them.
type Sample struct {
	order   Permutation
	n, size int
}

// sampleEpoch tells the order of a sample from that of every epoch of the same seed.
const sampleEpoch = -1

// NewSample draws size of n numbers; 0, or more than n, is all of them.
func NewSample(n, size int, seed uint64) Sample {
	if size == 0 || size > n {
		size = n
	}
	return Sample{NewPermutation(n, seed, sampleEpoch), n, size}
}

// Len returns the number of numbers drawn.
func (s Sample) Len() int { return s.size }

// All reports whether all numbers are drawn.
func (s Sample) All() bool { return s.size == s.n }

// Has reports whether i, 0 <= i < n, is drawn. This is so of exactly Len numbers.
func (s Sample) Has(i int) bool { return s.All() || s.order.At(i) < s.size }

// At returns the number at place i, 0 <= i < Len(), of the drawn ones: those of all in their own order, else in that of
// the seed.
func (s Sample) At(i int) int {
	if s.All() {
		return i
	}
	return s.order.At(i)
}
