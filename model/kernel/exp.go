package kernel

import (
	"math"
	"slices"
)

// exp32 returns e^x for x <= 0 with an error below 2 ulp: the argument is reduced to r = x - k*ln2 with
// |r| <= ln2/2, where a polynomial of degree 6 (Cephes expf, Moshier) is exact to float32, and scaled by 2^k.
// Results below the smallest normal number are 0, as softmax wants.
func exp32(x float32) float32 {
	const (
		log2e = 1.44269504088896341
		ln2Hi = 0.693359375
		ln2Lo = -2.12194440e-4
		least = -87.33654 // ln of the smallest normal float32
	)
	if x < least {
		return 0
	}
	if x != x {
		return x // a NaN must reach the loss, not look like a probability
	}
	k := int32(x*log2e - 0.5) // x <= 0: the conversion truncates towards 0, so this rounds to nearest
	f := float32(k)
	r := x - f*ln2Hi - f*ln2Lo
	p := float32(1.9875691500e-4)
	p = p*r + 1.3981999507e-3
	p = p*r + 8.3334519073e-3
	p = p*r + 4.1665795894e-2
	p = p*r + 1.6666665459e-1
	p = p*r + 5.0000001201e-1
	return (p*r*r + r + 1) * math.Float32frombits(uint32(127+k)<<23)
}

// maximum returns the largest element of x, which is not empty. The vector loops may lose a NaN; expSum does not.
func (i *isa) maximum(x []float32) float32 {
	m := x[0]
	n := i.whole(len(x))
	if n > 0 {
		m = i.maxWhole(&x[0], n)
	}
	for _, v := range x[n:] {
		m = max(m, v)
	}
	return m
}

// expSum replaces x by e^(x-shift) and returns the sum.
func (i *isa) expSum(x []float32, shift float32) float32 {
	var sum float32
	n := i.whole(len(x))
	if n > 0 {
		sum = i.expSumWhole(&x[0], n, shift)
	}
	x = x[n:]
	var s [4]float32 // four lanes hide the latency of the additions
	j := 0
	for ; j+4 <= len(x); j += 4 {
		v := x[j : j+4 : j+4]
		for l := range v {
			v[l] = exp32(v[l] - shift)
			s[l] += v[l]
		}
	}
	for ; j < len(x); j++ {
		x[j] = exp32(x[j] - shift)
		s[0] += x[j]
	}
	return sum + ((s[0] + s[1]) + (s[2] + s[3]))
}

// scale multiplies x by a.
func (i *isa) scale(x []float32, a float32) {
	n := i.whole(len(x))
	if n > 0 {
		i.scaleWhole(&x[0], n, a)
	}
	for j := n; j < len(x); j++ {
		x[j] *= a
	}
}

// add adds x to y, element by element.
func (i *isa) add(y, x []float32) {
	n := i.whole(len(x))
	if n > 0 {
		y = y[:len(x)]
		i.addWhole(&y[0], &x[0], n)
	}
	y = y[n:len(x)]
	for j, v := range x[n:] {
		y[j] += v
	}
}

// Add adds x to y, element by element.
func Add(w *Workers, y, x []float32) {
	w.Rows(len(x), grainFor(1), func(lo, hi int) { w.isa.add(y[lo:hi], x[lo:hi]) })
}

// softmax replaces x by its softmax and returns the largest element and the inverse of the sum. Without a finite
// element (every key hidden) the result is zeros, and so is the inverse.
func (i *isa) softmax(x []float32) (largest, inverse float32) {
	largest = i.maximum(x)
	if math.IsInf(float64(largest), -1) {
		at := slices.IndexFunc(x, func(v float32) bool { return v != v })
		if at < 0 {
			clear(x)
			return largest, 0
		}
		largest = x[at] // lost in maximum, and no row of zeros may hide it
	}
	inverse = 1 / i.expSum(x, largest)
	i.scale(x, inverse)
	return largest, inverse
}

// softmaxAgain replaces x by the softmax whose largest element and inverse sum are known.
func (i *isa) softmaxAgain(x []float32, largest, inverse float32) {
	if inverse == 0 {
		clear(x)
		return
	}
	n := i.whole(len(x))
	if n > 0 {
		i.expScaleWhole(&x[0], n, largest, inverse)
	}
	for j := n; j < len(x); j++ {
		x[j] = exp32(x[j]-largest) * inverse
	}
}

// LogSumExp returns the largest element of x, the position of the first such, and ln(sum(e^x)). x is overwritten.
func LogSumExp(w *Workers, x []float32) (largest float64, argmax int, z float64) {
	most := w.isa.maximum(x)
	for argmax < len(x)-1 && x[argmax] != most { // a NaN is not found
		argmax++
	}
	return float64(most), argmax, float64(most) + math.Log(float64(w.isa.expSum(x, most)))
}
