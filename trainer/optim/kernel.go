package optim

import "math"

// The inner loops, as functions of slices alone. Sums over many elements are kept in float64: a float32 sum
// over a 32,128 x 512 embedding would lose three of its seven digits.

// sumSquares returns the sum of x[i]^2. The four partial sums let the processor overlap the additions.
func sumSquares(x []float32) float64 {
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		a, b, c, d := float64(x[i]), float64(x[i+1]), float64(x[i+2]), float64(x[i+3])
		s0 += a * a
		s1 += b * b
		s2 += c * c
		s3 += d * d
	}
	for ; i < len(x); i++ {
		s0 += float64(x[i]) * float64(x[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// scale multiplies x by c.
func scale(x []float32, c float32) {
	for i := range x {
		x[i] *= c
	}
}

// shrink takes the part c away from x. Unlike a product with 1-c it does not round c to the spacing of
// numbers near 1, which a weight decay of 1e-5 would feel.
func shrink(x []float32, c float32) {
	for i, v := range x {
		x[i] = v - c*v
	}
}

// subtract takes y away from x.
func subtract(x, y []float32) {
	y = y[:len(x)]
	for i := range x {
		x[i] -= y[i]
	}
}

// squareSums adds g^2 of one row to the sums of its columns and returns the sum of the row.
func squareSums(colSum []float64, g []float32) float64 {
	colSum = colSum[:len(g)]
	var sum float64
	for j, v := range g {
		s := float64(v) * float64(v)
		colSum[j] += s
		sum += s
	}
	return sum
}

// factoredSquares returns the sum of (g[j]*row*col[j])^2 over one row: u^2 of Adafactor's factored update.
func factoredSquares(g []float32, row float32, col []float32) float64 {
	col = col[:len(g)]
	var sum float64
	for j, v := range g {
		u := float64(v * row * col[j])
		sum += u * u
	}
	return sum
}

// factoredBlend sets x = keep*x + add*u over one row, with u = g[j]*row*col[j]. The gradient is multiplied
// first: where it is zero, row*col alone can overflow.
func factoredBlend(x, g []float32, row float32, col []float32, keep, add float32) {
	x, col = x[:len(g)], col[:len(g)]
	for j, v := range g {
		x[j] = keep*x[j] + add*(v*row*col[j])
	}
}

// fullMoments updates the mean squares v = decay*v + (1-decay)*(g^2+eps) and returns the sum of u^2,
// u = g/sqrt(v): Adafactor's update of a tensor that is not factored.
func fullMoments(v, g []float32, decay, eps float64) float64 {
	v = v[:len(g)]
	fresh := 1 - decay
	var sum float64
	for i, x := range g {
		gi := float64(x)
		v[i] = float32(decay*float64(v[i]) + fresh*(gi*gi+eps))
		u := x / sqrt32(v[i])
		sum += float64(u) * float64(u)
	}
	return sum
}

// fullBlend sets x = keep*x + add*u with u = g/sqrt(v).
func fullBlend(x, g, v []float32, keep, add float32) {
	x, v = x[:len(g)], v[:len(g)]
	for i, gi := range g {
		x[i] = keep*x[i] + add*(gi/sqrt32(v[i]))
	}
}

// adamwStep holds the factors of one AdamW step: fresh1 = 1-beta1, fresh2 = 1-beta2, size = lr/(1-beta1^t),
// root2 = sqrt(1-beta2^t), decay = lr*weight_decay.
type adamwStep struct {
	fresh1, beta2, fresh2, size, root2, eps, decay float32
}

// adamw updates the weights p and the moments m and v with the gradient g.
func adamw(p, g, m, v []float32, s adamwStep) {
	p, m, v = p[:len(g)], m[:len(g)], v[:len(g)]
	for i, gi := range g {
		m[i] += s.fresh1 * (gi - m[i])
		v[i] = s.beta2*v[i] + s.fresh2*gi*gi
		x := p[i] - s.decay*p[i]
		p[i] = x - s.size*(m[i]/(sqrt32(v[i])/s.root2+s.eps))
	}
}

// sgd subtracts lr times the gradient with its weight decay.
func sgd(p, g []float32, lr, decay float32) {
	p = p[:len(g)]
	for i, gi := range g {
		p[i] -= lr * (gi + decay*p[i])
	}
}

// sgdMomentum is sgd over the buffer m = momentum*m + fresh*gradient; with nesterov it steps along
// gradient + momentum*m.
func sgdMomentum(p, g, m []float32, lr, decay, momentum, fresh float32, nesterov bool) {
	p, m = p[:len(g)], m[:len(g)]
	for i, gi := range g {
		d := gi + decay*p[i]
		m[i] = momentum*m[i] + fresh*d
		if nesterov {
			d += momentum * m[i]
		} else {
			d = m[i]
		}
		p[i] -= lr * d
	}
}

// sqrt32 compiles to one instruction.
func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }
