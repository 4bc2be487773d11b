package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// exp replaces x <= 0 by e^x, with the method and the polynomial of exp32 in package kernel.
func (i isa) exp(x VecVirtual) {
	k, p, normal := i.reg(), i.reg(), i.reg()
	const notLess = 5 // and true for NaN
	if i.size == 64 {
		VCMPPS(Imm(notLess), float(-87.33654), x, K2)
	} else {
		VMOVUPS(float(-87.33654), p)
		VCMPPS(Imm(notLess), p, x, normal)
	}
	VMULPS(float(1.44269504088896341), x, k)
	const nearest = 8
	if i.size == 64 {
		VRNDSCALEPS(Imm(nearest), k, k)
	} else {
		VROUNDPS(Imm(nearest), k, k)
	}
	VFNMADD231PS(float(0.693359375), k, x)
	VFNMADD231PS(float(-2.12194440e-4), k, x)
	VMOVUPS(float(1.9875691500e-4), p)
	for _, c := range []float64{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		VFMADD213PS(float(c), x, p)
	}
	square := i.reg()
	VMULPS(x, x, square)
	VFMADD213PS(x, square, p)
	VADDPS(float(1), p, p)
	if i.size == 64 {
		VSCALEFPS_Z(k, p, K2, x)
		return
	}
	VCVTPS2DQ(k, k)
	VPADDD(word("word", 127), k, k)
	VPSLLD(Imm(23), k, k)
	VMULPS(k, p, p)
	VANDPS(normal, p, x)
}

// exponential writes the loop of softmax.
func exponential(i isa) {
	p, n := i.function("exp", "func(x []float32, shift, scale float32) float32",
		"replaces x by e^(x-shift) * scale and returns the sum of e^(x-shift).", "x")
	shift, scale := i.broadcast("shift"), i.broadcast("scale")
	s := i.sums(2)
	i.walk(n, p, len(s), func(u int, a access) {
		x := a.load(p[0])
		VSUBPS(shift, x, x)
		i.exp(x)
		a.clear(x)
		VADDPS(x, s[u], s[u])
		VMULPS(scale, x, x)
		a.store(x, p[0])
	})
	finish(i.total(s))
}

// sigmoid returns s = 1/(1+e^-z) and, when wanted, its derivative s*(1-s). Only e^-|z| is computed, which cannot
// overflow: s is 1/(1+e^-|z|) for z >= 0 and e^-|z|/(1+e^-|z|) below. z stays.
func (i isa) sigmoid(z VecVirtual, wantSlope bool) (s, slope VecVirtual) {
	e, inverse := i.reg(), i.reg()
	VORPS(word("word", 1<<31), z, e)
	i.exp(e)
	VADDPS(float(1), e, inverse)
	one := i.reg()
	VMOVUPS(float(1), one)
	VDIVPS(inverse, one, inverse)
	s = i.reg()
	if i.size == 64 {
		VPMOVD2M(z, K2) // the signs
		VMOVAPS(inverse, s)
		VMULPS(e, inverse, K2, s)
	} else {
		VMULPS(e, inverse, one)
		VBLENDVPS(z, one, inverse, s)
	}
	if wantSlope {
		VMULPS(inverse, e, e)
		VMULPS(inverse, e, e)
		slope = e
	}
	return s, slope
}

// activation emits f(x) and, when wanted, f'(x). x stays.
type activation struct {
	name string
	emit func(i isa, x VecVirtual, wantSlope bool) (y, slope VecVirtual)
}

// The activations of package kernel that have vector loops.
var relu = activation{"relu", func(i isa, x VecVirtual, wantSlope bool) (y, slope VecVirtual) {
	zero := i.sums(1)[0]
	y = i.reg()
	// The second operand of the maximum, x, wins when it is NaN.
	VMAXPS(x, zero, y)
	if !wantSlope {
		return y, nil
	}
	slope = i.reg()
	const less = 1
	if i.size == 64 {
		VCMPPS(Imm(less), x, zero, K2)
		VMOVUPS_Z(float(1), K2, slope)
	} else {
		VCMPPS(Imm(less), x, zero, slope)
		VANDPS(float(1), slope, slope)
	}
	return y, slope
}}

// silu is x * sigmoid(x), with the slope s + x*s*(1-s).
var silu = activation{"silu", func(i isa, x VecVirtual, wantSlope bool) (y, slope VecVirtual) {
	s, ds := i.sigmoid(x, wantSlope)
	if wantSlope {
		slope = ds
		VFMADD213PS(s, x, slope)
	}
	VMULPS(x, s, s)
	return s, slope
}}

// gelu is the tanh form as x * sigmoid(z) with z = 2*sqrt(2/pi) * (x + 0.044715*x³), since (1+tanh(u))/2 is
// sigmoid(2u). The slope is s + x*s*(1-s)*z'.
var gelu = activation{"gelu", func(i isa, x VecVirtual, wantSlope bool) (y, slope VecVirtual) {
	const twice, cubic = 2 * 0.7978845608028654, 0.044715
	square, z := i.reg(), i.reg()
	VMULPS(x, x, square)
	// Beyond |x| = 100 the sigmoid is 0 or 1 and the slope of z must stay finite: it is multiplied by 0.
	VMINPS(float(1e4), square, square)
	VMOVUPS(float(twice*cubic), z)
	VFMADD213PS(float(twice), square, z)
	VMULPS(x, z, z)
	s, ds := i.sigmoid(z, wantSlope)
	if wantSlope {
		dz := square
		VMULPS(float(3*twice*cubic), dz, dz)
		VADDPS(float(twice), dz, dz)
		VMULPS(dz, ds, ds)
		slope = ds
		VFMADD213PS(s, x, slope)
	}
	VMULPS(x, s, s)
	return s, slope
}}

// activations writes the four loops of each activation and that of softmax.
func activations(i isa) {
	exponential(i)
	for _, f := range []activation{relu, gelu, geluErf, silu} {
		p, n := i.function(f.name, "func(y, x []float32)", "writes f(x) to y.", "y", "x")
		i.walk(n, p, 1, func(_ int, a access) {
			y, _ := f.emit(i, a.load(p[1]), false)
			a.store(y, p[0])
		})
		finish(nil)

		back, n := i.function(f.name+"Backward", "func(dx, dy, x []float32)", "writes dy * f'(x) to dx.", "dx",
			"dy", "x")
		i.walk(n, back, 1, func(_ int, a access) {
			_, slope := f.emit(i, a.load(back[2]), true)
			VMULPS(a.load(back[1]), slope, slope)
			a.store(slope, back[0])
		})
		finish(nil)

		gated, n := i.function(f.name+"Gated", "func(y, gate, value []float32)", "writes f(gate) * value to y.", "y",
			"gate",
			"value")
		i.walk(n, gated, 1, func(_ int, a access) {
			y, _ := f.emit(i, a.load(gated[1]), false)
			VMULPS(a.load(gated[2]), y, y)
			a.store(y, gated[0])
		})
		finish(nil)

		both, n := i.function(f.name+"GatedBackward", "func(dGate, dValue, dy, gate, value []float32)",
			"writes dy * value * f'(gate) to dGate and dy * f(gate) to dValue.", "dGate", "dValue", "dy", "gate",
			"value")
		i.walk(n, both, 1, func(_ int, a access) {
			y, slope := f.emit(i, a.load(both[3]), true)
			dy, value := a.load(both[2]), a.load(both[4])
			VMULPS(dy, y, y)
			VMULPS(dy, value, value)
			VMULPS(value, slope, slope)
			a.store(slope, both[0])
			a.store(y, both[1])
		})
		finish(nil)
	}
}
