// Package bfloat16 has the numbers of 16 bits that are the upper halves of float32, and what the instruction of
// AVX512-BF16 that multiplies pairs of them computes, in portable Go.
//
//	bfloat16.Round(1.005) // 1.0078125: 8 bits of precision
package bfloat16

import "math"

// Round returns x rounded to bfloat16: to nearest, ties to even. Subnormal numbers become zeros, as the instructions of
// AVX512-BF16 have it.
func Round(x float32) float32 {
	bits := math.Float32bits(x)
	switch {
	case x != x:
		bits |= 0x00400000 // a NaN stays one
	case bits&0x7f800000 == 0:
		bits &= 1 << 31
	default:
		bits += 0x7fff + bits>>16&1
	}
	return math.Float32frombits(bits & 0xffff0000)
}

// RoundAll rounds the elements of x.
func RoundAll(x []float32) {
	for i, v := range x {
		x[i] = Round(v)
	}
}

// Pair returns the bits of two numbers, rounded, as those of one float32: those of low in the lower half.
func Pair(low, high float32) float32 {
	l, h := math.Float32bits(Round(low)), math.Float32bits(Round(high))
	return math.Float32frombits(l>>16 | h)
}

// Parts returns the numbers of a word.
func Parts(word float32) (low, high float32) {
	bits := math.Float32bits(word)
	return math.Float32frombits(bits << 16), math.Float32frombits(bits & 0xffff0000)
}

// AddPair adds the products of two words to a sum as VDPBF16PS does: that of the upper halves first, each sum rounded
// to the nearest float32, subnormal numbers taken and given as zeros.
func AddPair(sum, a, b float32) float32 {
	x, y := math.Float32bits(a), math.Float32bits(b)
	for range 2 {
		u, v := math.Float32frombits(x&0xffff0000), math.Float32frombits(y&0xffff0000)
		sum = fusedAdd(flushed(sum), flushed(u), flushed(v))
		x, y = x<<16, y<<16
	}
	return sum
}

// fusedAdd returns sum + u·v, rounded once, where u and v are bfloat16, so that their product is exact in float64.
func fusedAdd(sum, u, v float32) float32 {
	product := float64(u) * float64(v)
	total := product + float64(sum)
	if math.IsInf(total, 0) || total != total {
		return float32(total)
	}
	// What the sum in float64 cut off (Knuth) goes into its last bit, so that the second rounding is not wrong about a
	// tie.
	part := total - product
	if rest := (product - (total - part)) + (float64(sum) - part); rest != 0 {
		bits := math.Float64bits(total)
		if bits&1 == 0 {
			if (rest > 0) == (total > 0) {
				bits++
			} else {
				bits--
			}
		}
		total = math.Float64frombits(bits)
	}
	return flushed(float32(total))
}

// flushed returns a subnormal number as zero.
func flushed(x float32) float32 {
	if bits := math.Float32bits(x); bits&0x7f800000 == 0 {
		return math.Float32frombits(bits & (1 << 31))
	}
	return x
}
