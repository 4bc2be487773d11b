package kernel

import "math"

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

// maximum returns the largest element; NaN when there is one, so that a broken activation is not hidden.
func maximum(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		if v > m || v != v {
			m = v
		}
	}
	return m
}

// expRow replaces x by scale·e^(x-shift) and returns the sum of e^(x-shift), added up in four lanes.
func expRow(x []float32, shift, scale float32) float32 {
	var s [4]float32
	i := 0
	for ; i+4 <= len(x); i += 4 {
		v := x[i : i+4 : i+4]
		for j := range v {
			e := exp32(v[j] - shift)
			s[j] += e
			v[j] = e * scale
		}
	}
	for ; i < len(x); i++ {
		e := exp32(x[i] - shift)
		s[0] += e
		x[i] = e * scale
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// softmax replaces x by its softmax and returns the largest element and the inverse of the sum. Without a finite
// element (every key hidden) the result is zeros, and so is the inverse.
func (l *loops) softmax(x []float32) (largest, inverse float32) {
	largest = l.maximum(x)
	if math.IsInf(float64(largest), -1) {
		clear(x)
		return largest, 0
	}
	inverse = 1 / l.exp(x, largest, 1)
	l.affine(x, inverse, 0)
	return largest, inverse
}

// softmaxAgain replaces x by the softmax whose largest element and inverse sum are known.
func (l *loops) softmaxAgain(x []float32, largest, inverse float32) {
	if inverse == 0 {
		clear(x)
		return
	}
	l.exp(x, largest, inverse)
}

// LogSumExp returns the largest element of x, the position of the first such, and ln(sum(e^x)). x is overwritten.
func LogSumExp(w *Workers, x []float32) (largest float64, argmax int, z float64) {
	w = w.orDefault()
	most := w.isa.maximum(x)
	for argmax < len(x)-1 && x[argmax] != most { // a NaN is not found
		argmax++
	}
	return float64(most), argmax, float64(most) + math.Log(float64(w.isa.exp(x, most, 1)))
}
