package kernel

import "math"

// rowLoops are the inner loops over rows, in one ISA. The slices of a call have equal lengths, and the outputs come
// first; an output may be the same slice as an input, not a part of it.
type rowLoops struct {
	dot    func(x, y []float32) float32             // Σ x·y
	add    func(y, x []float32)                     // y += x
	affine func(x []float32, factor, term float32)  // x = factor·x + term
	sum    func(x []float32, shift float32) float32 // Σ (x - shift)
	// NaN when there is one, so that a broken activation is not hidden
	maximum func(x []float32) float32
	// x = scale·e^(x-shift) for shift >= x; returns Σ e^(x-shift)
	exp func(x []float32, shift, scale float32) float32

	softmaxBackward func(g, p []float32, mean float32) // g = p·(g - mean)

	norm    func(y, x, weight []float32, inverse float32) // y = weight·(x·inverse)
	normDot func(dy, weight, x []float32) float32         // Σ dy·weight·x
	// dx = inverse·(dy·weight - x·scale), dWeight += dy·(x·inverse)
	normBackward func(dx, dWeight, dy, x, weight []float32, inverse, scale float32)

	activations [SiLU + 1]activationLoops

	// dropout writes scale·x to y where 16 random bits are at least below, and else 0. The random numbers are those of
	// philoxWords.
	dropout func(y, x []float32, words *philoxWords, below uint16, scale float32)

	OptimizerLoops
}

// activationLoops are the loops of one activation f.
type activationLoops struct {
	forward       func(y, x []float32)                           // y = f(x)
	backward      func(dx, dy, x []float32)                      // dx = dy·f'(x)
	gated         func(y, gate, value []float32)                 // y = f(gate)·value
	gatedBackward func(dGate, dValue, dy, gate, value []float32) // dGate = dy·value·f'(gate), dValue = dy·f(gate)
}

// portableLoops are the loops in plain Go: what every machine has, and what the others are tested against.
func portableLoops() rowLoops {
	l := rowLoops{
		dot: dot, add: add, affine: affine, sum: sum, maximum: maximum, exp: expRow,
		softmaxBackward: softmaxBackward,
		norm:            norm, normDot: normDot, normBackward: normBackward,
		dropout:        dropoutRow,
		OptimizerLoops: portableOptimizerLoops(),
	}
	for f := range l.activations {
		l.activations[f] = Activation(f).portableLoops()
	}
	return l
}

func dot(x, y []float32) float32 {
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

func add(y, x []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += v
	}
}

func affine(x []float32, factor, term float32) {
	for i := range x {
		x[i] = x[i]*factor + term
	}
}

func sum(x []float32, shift float32) float32 {
	var s float64
	for _, v := range x {
		s += float64(v - shift)
	}
	return float32(s)
}

func softmaxBackward(g, p []float32, mean float32) {
	p = p[:len(g)]
	for i := range g {
		g[i] = p[i] * (g[i] - mean)
	}
}

func norm(y, x, weight []float32, inverse float32) {
	x, y = x[:len(weight)], y[:len(weight)]
	for i, w := range weight {
		y[i] = w * (x[i] * inverse)
	}
}

func normDot(dy, weight, x []float32) float32 {
	weight, x = weight[:len(dy)], x[:len(dy)]
	var s float32
	for i, g := range dy {
		s += g * weight[i] * x[i]
	}
	return s
}

func normBackward(dx, dWeight, dy, x, weight []float32, inverse, scale float32) {
	dx, dWeight, x, weight = dx[:len(dy)], dWeight[:len(dy)], x[:len(dy)], weight[:len(dy)]
	for i, g := range dy {
		dWeight[i] += g * (x[i] * inverse)
		dx[i] = inverse * (g*weight[i] - x[i]*scale)
	}
}

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
