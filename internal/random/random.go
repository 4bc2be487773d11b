// Package random draws numbers that are a pure function of a key: the same on every machine, with no state between
// two keys, so that what is random about an example depends on the example alone.
//
//	draw := random.New(seed, epoch, index)
//	i := draw.Below(10) // each of 0..9 equally likely
package random

import "math/bits"

// GoldenGamma is 2^64 over the golden ratio, made odd: what SplitMix64 adds to its state.
const GoldenGamma = 0x9e3779b97f4a7c15

// Mix64 is the hash of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators"): a
// bijection in which each bit of x changes about half of the result's.
func Mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Draw is the generator SplitMix64 (there, figure 16).
type Draw struct {
	state uint64
}

// New returns the numbers of a key.
func New(key ...uint64) Draw {
	var d Draw
	for _, k := range key {
		d.state = Mix64(d.state + GoldenGamma*(k+1))
	}
	return d
}

// Uint64 returns the next number.
func (d *Draw) Uint64() uint64 {
	d.state += GoldenGamma
	return Mix64(d.state)
}

// Below returns a number of 0..n-1, each exactly as likely as the others: Lemire 2019, "Fast random integer generation
// in an interval", algorithm 5. n must be above 0.
func (d *Draw) Below(n uint64) uint64 {
	high, low := bits.Mul64(d.Uint64(), n)
	if low < n {
		for uneven := -n % n; low < uneven; {
			high, low = bits.Mul64(d.Uint64(), n)
		}
	}
	return high
}
