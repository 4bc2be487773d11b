package kernel

import "math"

// Bias is the relative position bias of one stack by distance. The bias of a score depends on key position -
// query position only, so a row of scores needs one contiguous slice of Values, and no
// [heads, queries, keys] tensor exists.
type Bias struct {
	Length int       // longest sequence that Values covers
	Values []float32 // [heads, 2*Length-1], column distance + Length-1; nil for no bias
}

// row returns the part of values, laid out like b.Values, for the query at a position and keys 0..keys-1.
func (b Bias) row(values []float32, head, query, keys int) []float32 {
	start := head*(2*b.Length-1) + b.Length - 1 - query
	return values[start : start+keys]
}

// Buckets is the geometry of a relative position bias table [Count, heads].
type Buckets struct {
	Count         int
	MaxDistance   int
	Bidirectional bool // encoder: distances to both sides have buckets of their own
}

// Expand writes the bias of every distance to values [heads, 2*length-1].
func (b Buckets) Expand(values, table []float32, heads, length int) {
	width := 2*length - 1
	for i := range width {
		bucket := b.Of(i - (length - 1))
		for h := range heads {
			values[h*width+i] = table[bucket*heads+h]
		}
	}
}

// ReduceGrad is the backward pass of Expand: it adds the gradient of values to dTable [Count, heads].
func (b Buckets) ReduceGrad(dTable, dValues []float32, heads, length int) {
	width := 2*length - 1
	for i := range width {
		bucket := b.Of(i - (length - 1))
		for h := range heads {
			dTable[bucket*heads+h] += dValues[h*width+i]
		}
	}
}

// Of maps key position - query position to a bucket: half of them hold one distance each, the others grow
// with the logarithm up to MaxDistance (Raffel et al. 2020, section 2.1; Mesh TensorFlow,
// transformer_layers.py). A bidirectional table uses its upper half for keys to the right; a causal table puts all of
// those into bucket 0. With 32 buckets and a maximum distance of 128:
//
//	bidirectional: -1 -> 1, 1 -> 17, 8 -> 24, -128 -> 15   causal: -1 -> 1, -64 -> 26, 5 -> 0
func (b Buckets) Of(distance int) int {
	count, first, n := b.Count, 0, -distance
	if b.Bidirectional {
		count /= 2
		if n < 0 {
			first, n = count, -n
		}
	}
	n = max(n, 0)
	exact := count / 2
	if n < exact {
		return first + n
	}
	grown := math.Log(float64(n)/float64(exact)) / math.Log(float64(b.MaxDistance)/float64(exact)) *
		float64(count-exact)
	return first + min(exact+int(grown), count-1)
}
