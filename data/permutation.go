package data

import (
	"math/bits"

	"t5train/internal/random"
)

// Permutation is an order of the numbers 0..n-1 that is computed, not stored: At(i) takes some 50 ns, whatever n is.
//
// It is a Feistel network, which is a bijection whatever its round function does: the two halves of a number take
// turns in being changed by a hash of the other, and each turn can be undone. A network works on all numbers of an
// even count of bits, so an answer outside 0..n-1 is put in again until one is inside (cycle walking; Black and
// Rogaway 2002, "Ciphers with Arbitrary Finite Domains", method 2). For n = 3, were the domain 0..3:
//
//	network: 0->2 1->3 2->0 3->1
//	At(0): 2
//	At(1): 3 is outside, 3->1: 1
//	At(2): 0
type Permutation struct {
	n    uint64
	half uint // bits of a half
	keys [feistelRounds]uint64
}

const (
	// Four rounds make a Feistel network of good hashes look random (Luby and Rackoff 1988); small halves want more.
	feistelRounds = 8
	// With halves of 1 or 2 bits there are too few round functions to reach most orders.
	minHalfBits = 4
)

// NewPermutation returns the order of n examples in an epoch.
func NewPermutation(n int, seed uint64, epoch int64) Permutation {
	p := Permutation{n: uint64(n), half: minHalfBits}
	if n > 1 {
		p.half = max(p.half, uint(bits.Len64(p.n-1)+1)/2) // a domain of less than 4n
	}
	state := random.Mix64(seed) + uint64(epoch)*random.GoldenGamma
	for i := range p.keys {
		state = random.Mix64(state + random.GoldenGamma)
		p.keys[i] = state
	}
	return p
}

// At returns the number at place i of the order. It panics, as a slice does, unless 0 <= i < n.
func (p Permutation) At(i int) int {
	x := uint64(i)
	if x >= p.n {
		panic("data: permutation index out of range")
	}
	for {
		if x = p.network(x); x < p.n {
			return int(x)
		}
	}
}

func (p Permutation) network(x uint64) uint64 {
	mask := uint64(1)<<p.half - 1
	left, right := x>>p.half, x&mask
	for _, key := range p.keys {
		left, right = right, left^random.Mix64(right^key)&mask
	}
	return left<<p.half | right
}
