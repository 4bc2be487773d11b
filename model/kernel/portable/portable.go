// Package portable has the inner loops over rows, and matrix products, in plain Go: what every machine has, and what
// the vector kernels are tested against. The slices of a call over rows have equal lengths.
package portable

import "math"

// Dot returns Σ x·y, added up in four lanes.
func Dot(x, y []float32) float32 {
	var s0, s1, s2, s3 float32
	y = y[:len(x)]
	i := 0
	for ; i+4 <= len(x); i += 4 {
		p, q := x[i:i+4:i+4], y[i:i+4:i+4]
		s0 += p[0] * q[0]
		s1 += p[1] * q[1]
		s2 += p[2] * q[2]
		s3 += p[3] * q[3]
	}
	for ; i < len(x); i++ {
		s0 += x[i] * y[i]
	}
	return (s0 + s1) + (s2 + s3)
}

// Add adds x to y.
func Add(y, x []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += v
	}
}

// Affine makes x factor·x + term.
func Affine(x []float32, factor, term float32) {
	for i := range x {
		x[i] = x[i]*factor + term
	}
}

// Sum returns Σ (x - shift).
func Sum(x []float32, shift float32) float32 {
	var s float64
	for _, v := range x {
		s += float64(v - shift)
	}
	return float32(s)
}

// SoftmaxBackward makes g p·(g - mean).
func SoftmaxBackward(g, p []float32, mean float32) {
	p = p[:len(g)]
	for i := range g {
		g[i] = p[i] * (g[i] - mean)
	}
}

// Norm makes y weight·(x·inverse).
func Norm(y, x, weight []float32, inverse float32) {
	x, y = x[:len(weight)], y[:len(weight)]
	for i, w := range weight {
		y[i] = w * (x[i] * inverse)
	}
}

// NormDot returns Σ dy·weight·x.
func NormDot(dy, weight, x []float32) float32 {
	weight, x = weight[:len(dy)], x[:len(dy)]
	var s float32
	for i, g := range dy {
		s += g * weight[i] * x[i]
	}
	return s
}

// NormBackward makes dx inverse·(dy·weight - x·scale), and adds dy·(x·inverse) to dWeight.
func NormBackward(dx, dWeight, dy, x, weight []float32, inverse, scale float32) {
	dx, dWeight, x, weight = dx[:len(dy)], dWeight[:len(dy)], x[:len(dy)], weight[:len(dy)]
	for i, g := range dy {
		dWeight[i] += g * (x[i] * inverse)
		dx[i] = inverse * (g*weight[i] - x[i]*scale)
	}
}

// Exp returns e^x for x <= 0 with an error below 2 ulp: the argument is reduced to r = x - k*ln2 with
// |r| <= ln2/2, where a polynomial of degree 6 (Cephes expf, Moshier) is exact to float32, and scaled by 2^k.
// Results below the smallest normal number are 0, as softmax wants.
func Exp(x float32) float32 {
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

// Maximum returns the largest element; NaN when there is one, so that a broken activation is not hidden.
func Maximum(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		if v > m || v != v {
			m = v
		}
	}
	return m
}

// ExpRow replaces x by scale·e^(x-shift) and returns the sum of e^(x-shift), added up in four lanes.
func ExpRow(x []float32, shift, scale float32) float32 {
	var s [4]float32
	i := 0
	for ; i+4 <= len(x); i += 4 {
		v := x[i : i+4 : i+4]
		for j := range v {
			e := Exp(v[j] - shift)
			s[j] += e
			v[j] = e * scale
		}
	}
	for ; i < len(x); i++ {
		e := Exp(x[i] - shift)
		s[0] += e
		x[i] = e * scale
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// Multiply writes a·b, with a [m, k], b [k, n] and strides between their rows, to c [m, n], or adds it when accumulate
// is set.
func Multiply(m, n, k int, a []float32, lda int, b []float32, ldb int, accumulate bool, c []float32, ldc int) {
	sums := make([]float32, n)
	for i := range m {
		clear(sums)
		for p, x := range a[i*lda : i*lda+k] {
			for j, y := range b[p*ldb : p*ldb+n] {
				sums[j] += x * y
			}
		}
		out := c[i*ldc : i*ldc+n]
		for j, s := range sums {
			if accumulate {
				s += out[j]
			}
			out[j] = s
		}
	}
}
