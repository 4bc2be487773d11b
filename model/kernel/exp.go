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

// expSum replaces x by e^(x-shift) and returns the sum, added up in four lanes.
func expSum(x []float32, shift float32) float32 {
	var s [4]float32
	i := 0
	for ; i+4 <= len(x); i += 4 {
		v := x[i : i+4 : i+4]
		for j := range v {
			v[j] = exp32(v[j] - shift)
			s[j] += v[j]
		}
	}
	for ; i < len(x); i++ {
		x[i] = exp32(x[i] - shift)
		s[0] += x[i]
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// scale multiplies x by a.
func scale(x []float32, a float32) {
	for i := range x {
		x[i] *= a
	}
}

// softmax replaces x by its softmax and returns the largest element and the inverse of the sum. Without a finite
// element (every key hidden) the result is zeros, and so is the inverse.
func softmax(x []float32) (largest, inverse float32) {
	largest = maximum(x)
	if math.IsInf(float64(largest), -1) {
		clear(x)
		return largest, 0
	}
	inverse = 1 / expSum(x, largest)
	scale(x, inverse)
	return largest, inverse
}

// softmaxAgain replaces x by the softmax whose largest element and inverse sum are known.
func softmaxAgain(x []float32, largest, inverse float32) {
	if inverse == 0 {
		clear(x)
		return
	}
	for i, v := range x {
		x[i] = exp32(v-largest) * inverse
	}
}
