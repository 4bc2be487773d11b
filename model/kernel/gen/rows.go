package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// rows writes the loops over one or a few rows; package kernel tells what they compute where it declares rowLoops.
func rows(i isa) {
	vectorDot(i)
	add(i)
	affine(i)
	sum(i)
	maximum(i, "maximum", false)
	softmaxBackward(i)
	norm(i)
	normDot(i)
	normBackward(i)
}

func vectorDot(i isa) {
	p, n := i.function("dotRow", "func(x, y []float32) float32", "returns the inner product of x and y.", "x", "y")
	s := i.sums(4)
	i.walk(n, p, len(s), func(u int, a access) {
		x, y := a.load(p[0]), a.load(p[1])
		VFMADD231PS(x, y, s[u])
	})
	finish(i.total(s))
}

func add(i isa) {
	p, n := i.function("add", "func(y, x []float32)", "adds x to y.", "y", "x")
	i.walk(n, p, 4, func(_ int, a access) {
		y, x := a.load(p[0]), a.load(p[1])
		VADDPS(x, y, y)
		a.store(y, p[0])
	})
	finish(nil)
}

func affine(i isa) {
	p, n := i.function("affine", "func(x []float32, factor, term float32)", "replaces x by factor*x + term.", "x")
	factor, term := i.broadcast("factor"), i.broadcast("term")
	i.walk(n, p, 4, func(_ int, a access) {
		x := a.load(p[0])
		VFMADD213PS(term, factor, x)
		a.store(x, p[0])
	})
	finish(nil)
}

func sum(i isa) {
	p, n := i.function("sum", "func(x []float32, shift float32) float32", "returns the sum of x - shift.", "x")
	shift := i.broadcast("shift")
	s := i.sums(4)
	i.walk(n, p, len(s), func(u int, a access) {
		x := a.load(p[0])
		VSUBPS(shift, x, x)
		a.clear(x)
		VADDPS(x, s[u], s[u])
	})
	finish(i.total(s))
}

// maximum compares x with itself besides: the maximum of the processor forgets a NaN, and a NaN must stay visible.
func maximum(i isa, name string, absolute bool) {
	doc := "returns the largest element of x, NaN when there is one."
	if absolute {
		doc = "returns the largest magnitude in x, NaN when there is one."
	}
	p, n := i.function(name, "func(x []float32) float32", doc, "x")
	least, nan := i.reg(), i.reg()
	VMOVUPS(float(math.Inf(-1)), least)
	VXORPS(nan.AsY(), nan.AsY(), nan.AsY())
	const unroll = 4
	m := i.sums(unroll)
	for _, r := range m {
		VMOVAPS(least, r)
	}
	const unordered = 3
	i.walk(n, p, unroll, func(u int, a access) {
		x := a.load(p[0])
		if absolute {
			VANDPS(word("word", 1<<31-1), x, x)
		}
		if i.size == 64 {
			VCMPPS(Imm(unordered), x, x, K2)
			VMOVAPS(x, K2, nan)
			if a.tail {
				VBLENDMPS(x, least, K1, x)
			}
		} else {
			t := i.reg()
			VCMPPS(Imm(unordered), x, x, t)
			VANDPS(t, x, t)
			VORPS(t, nan, nan)
			if a.tail {
				VBLENDVPS(a.mask, x, least, x)
			}
		}
		VMAXPS(x, m[u], m[u])
	})
	VMAXPS(m[1], m[0], m[0])
	VMAXPS(m[3], m[2], m[2])
	VMAXPS(m[2], m[0], m[0])
	// nan is 0 everywhere or NaN somewhere, which a sum keeps.
	i.fold(m[0], func(a, b Register) { VMAXPS(a, b, b) })
	i.fold(nan, func(a, b Register) { VADDPS(a, b, b) })
	VUCOMISS(nan.AsX(), nan.AsX())
	JNP(LabelRef("number"))
	VMOVAPS(nan.AsX(), m[0].AsX())
	Label("number")
	finish(m[0].AsX())
}

func softmaxBackward(i isa) {
	p, n := i.function("softmaxBackward", "func(g, p []float32, mean float32)", "replaces g by p * (g - mean).",
		"g", "p")
	mean := i.broadcast("mean")
	i.walk(n, p, 4, func(_ int, a access) {
		g, y := a.load(p[0]), a.load(p[1])
		VSUBPS(mean, g, g)
		VMULPS(y, g, g)
		a.store(g, p[0])
	})
	finish(nil)
}

func norm(i isa) {
	p, n := i.function("norm", "func(y, x, weight []float32, inverse float32)",
		"writes weight * (x*inverse) to y.", "y",
		"x", "weight")
	inverse := i.broadcast("inverse")
	i.walk(n, p, 4, func(_ int, a access) {
		x, w := a.load(p[1]), a.load(p[2])
		VMULPS(inverse, x, x)
		VMULPS(w, x, x)
		a.store(x, p[0])
	})
	finish(nil)
}

func normDot(i isa) {
	p, n := i.function("normDot", "func(dy, weight, x []float32) float32", "returns the sum of dy*weight*x.", "dy",
		"weight", "x")
	s := i.sums(4)
	i.walk(n, p, len(s), func(u int, a access) {
		dy, w, x := a.load(p[0]), a.load(p[1]), a.load(p[2])
		VMULPS(w, dy, dy)
		VFMADD231PS(x, dy, s[u])
	})
	finish(i.total(s))
}

func normBackward(i isa) {
	p, n := i.function("normBackward", "func(dx, dWeight, dy, x, weight []float32, inverse, scale float32)",
		"writes inverse * (dy*weight - x*scale) to dx and adds dy * (x*inverse) to dWeight.", "dx", "dWeight",
		"dy", "x",
		"weight")
	inverse, scale := i.broadcast("inverse"), i.broadcast("scale")
	i.walk(n, p, 2, func(_ int, a access) {
		dw, dy, x, w := a.load(p[1]), a.load(p[2]), a.load(p[3]), a.load(p[4])
		VMULPS(dy, w, w)
		VFNMADD231PS(scale, x, w)
		VMULPS(inverse, w, w)
		VMULPS(inverse, x, x)
		VFMADD231PS(dy, x, dw)
		a.store(w, p[0])
		a.store(dw, p[1])
	})
	finish(nil)
}
