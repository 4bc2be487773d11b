package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

// tail is the polynomial P of tailScale: 1-Φ(t) = e^(-t²/2) · s · P(s) with s = 1/(1+tailScale·t), highest power first.
// It is the minimax fit on t = 0..14 in relative error, 1.6e-8. Without the exponential the function falls slowly, from
// 1/2 towards 1/(t·√2π), so a polynomial holds it; and the tail keeps its leading digits, which 1 - erf would lose.
var tail = []float64{-7.165625626151606e-2, 2.835882738597282e-1, -3.3025271887067587e-1, 3.49400193883882e-1,
	-9.392461554518505e-2, 1.2487246681783354e-1, 6.919223851243139e-2, 8.50688481126275e-2, 8.371157625172926e-2}

const tailScale = 0.21

// geluErf is the exact form x·Φ(x), with Φ the distribution of the standard normal, and the slope Φ(x) + x·φ(x).
var geluErf = activation{"geluErf", func(i isa, x VecVirtual, wantSlope bool) (y, slope VecVirtual) {
	t, s, one := i.reg(), i.reg(), i.reg()
	VANDPS(word("word", 1<<31-1), x, t)
	VMINPS(float(14), t, t) // e^(-14²/2) is 0 here, and t² stays finite
	VMOVUPS(float(1), one)
	VMOVAPS(one, s)
	VFMADD231PS(float(tailScale), t, s)
	VDIVPS(s, one, s)

	// t² with what its rounding cuts off: e^(-(z+low)/2) = e^(-z/2) · (1 - low/2). At t = 8 the cut alone would be an
	// error of 32 ulp.
	z, low, e := i.reg(), t, i.reg()
	VMULPS(t, t, z)
	VFMSUB213PS(z, t, low)
	VMULPS(float(-0.5), z, e)
	i.exp(e)
	VMULPS(float(-0.5), low, low)
	VFMADD213PS(e, e, low)
	e = low

	q := i.reg()
	VMOVUPS(float(tail[0]), q)
	for _, c := range tail[1:] {
		VFMADD213PS(float(c), s, q)
	}
	VMULPS(s, q, q)
	VMULPS(e, q, q)
	// q is 1-Φ(|x|), which is Φ(x) below 0.
	VSUBPS(q, one, one)
	if i.size == 64 {
		VPMOVD2M(x, K2) // the signs
		VMOVAPS(q, K2, one)
	} else {
		VBLENDVPS(x, q, one, one)
	}
	cdf := one
	if wantSlope {
		const density = 0.3989422804014327 // 1/√2π
		VMULPS(float(density), e, e)
		VFMADD213PS(cdf, x, e)
		slope = e
	}
	VMULPS(x, cdf, cdf)
	return cdf, slope
}}
