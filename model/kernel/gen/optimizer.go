package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// optimizers writes the loops of optimizers; package kernel tells what they compute where it declares OptimizerLoops.
//
// Every ISA gives the same bits: sums have eight float64 lanes, element n in lane n mod 8, and a product is rounded
// before it enters a sum, because a fused multiplication and addition would have to be emulated in portable Go. Only a
// square of float32 numbers may be fused: float64 holds it exactly.
func optimizers(i isa) {
	sumSquares(i)
	scale(i)
	if i.size == 32 {
		addSquares(i)
	}
	adafactorMoments(i)
	for _, factored := range []bool{true, false} {
		for _, mean := range []bool{false, true} {
			adafactorMove(i, factored, mean)
		}
	}
	adamw(i)
}

// halves calls f for the registers that hold the elements of r as float64: one half of the elements each.
func (a access) halves(r VecVirtual, f func(half int, x VecVirtual)) {
	for half := range 2 {
		x := a.reg()
		if a.size == 64 {
			part := r.AsY()
			if half == 1 {
				part = YMM()
				VEXTRACTF64X4(Imm(1), r, part)
			}
			VCVTPS2PD(part, x)
		} else {
			part := r.AsX()
			if half == 1 {
				part = XMM()
				VEXTRACTF128(Imm(1), r, part)
			}
			VCVTPS2PD(part, x)
		}
		f(half, x)
	}
}

// join returns the elements of two registers of float64 as float32.
func (a access) join(halves [2]VecVirtual) VecVirtual {
	r := a.reg()
	if a.size == 64 {
		high := YMM()
		VCVTPD2PS(halves[0], r.AsY())
		VCVTPD2PS(halves[1], high)
		VINSERTF64X4(Imm(1), high, r, r)
	} else {
		high := XMM()
		VCVTPD2PSY(halves[0], r.AsX())
		VCVTPD2PSY(halves[1], high)
		VINSERTF128(Imm(1), high, r, r)
	}
	return r
}

// double is one half of the float64 elements that belong to an access, 256 bit only. Its pointer moves by twice as much
// as those of float32: walk is given it twice.
type double struct {
	access
	half int
}

func (d double) at(p Register) Mem { return Mem{Base: p, Disp: 2*d.offset + d.half*d.size} }

// halfMask returns the mask of the half in a tail.
func (d double) halfMask() VecVirtual {
	part, m := XMM(), d.reg()
	VEXTRACTI128(Imm(uint64(d.half)), d.mask, part)
	VPMOVSXDQ(part, m)
	return m
}

func (d double) load(p Register) VecVirtual {
	r := d.reg()
	if d.tail {
		VMASKMOVPD(d.at(p), d.halfMask(), r)
	} else {
		VMOVUPD(d.at(p), r)
	}
	return r
}

func (d double) store(r Register, p Register) {
	if d.tail {
		VMASKMOVPD(r, d.halfMask(), d.at(p))
	} else {
		VMOVUPD(r, d.at(p))
	}
}

// lanes8 are eight cleared lanes of float64: add puts the squares of a register's elements in.
type lanes8 struct {
	isa
	sums []VecVirtual
}

func (i isa) lanes8() lanes8 { return lanes8{i, i.sums(64 / i.size)} }

func (l lanes8) add(a access, r VecVirtual) {
	a.halves(r, func(half int, x VecVirtual) {
		s := l.sums[half%len(l.sums)]
		VFMADD231PD(x, x, s)
	})
}

// total adds up the lanes: ((0+4)+(2+6)) + ((1+5)+(3+7)).
func (l lanes8) total() Register {
	s := l.sums[0]
	half, quarter := YMM(), XMM()
	if l.size == 64 {
		VEXTRACTF64X4(Imm(1), s, half)
		VADDPD(half, s.AsY(), s.AsY())
	} else {
		VADDPD(l.sums[1], s, s)
	}
	VEXTRACTF128(Imm(1), s.AsY(), quarter)
	VADDPD(quarter, s.AsX(), s.AsX())
	VPERMILPD(Imm(1), s.AsX(), quarter)
	VADDPD(quarter, s.AsX(), s.AsX())
	return s.AsX()
}

func sumSquares(i isa) {
	p, n := i.function("sumSquares", "func(x []float32) float64", "returns the sum of x².", "x")
	sum := i.lanes8()
	i.walk(n, p, 2, func(_ int, a access) { sum.add(a, a.load(p[0])) })
	finish(sum.total())
}

func scale(i isa) {
	p, n := i.function("scale", "func(x []float32, factor float32)", "multiplies x by factor.", "x")
	factor := i.broadcast("factor")
	i.walk(n, p, 4, func(_ int, a access) {
		x := a.load(p[0])
		VMULPS(factor, x, x)
		a.store(x, p[0])
	})
	finish(nil)
}

// addSquares is written for isa256 only, and AVX-512 runs it too: its speed is that of its stores, and wider registers
// do not make them faster.
func addSquares(i isa) {
	p, n := i.function("addSquares", "func(sum, weighted []float64, x []float32, weight float64)",
		"adds x² to sum and weight * x² to weighted.", "sum", "weighted", "x")
	sum, weighted, x := p[0], p[1], p[2]
	weight := i.broadcast64("weight")
	i.walk(n, []GPVirtual{x, sum, sum, weighted, weighted}, 2, func(_ int, a access) {
		a.halves(a.load(x), func(half int, v VecVirtual) {
			d := double{a, half}
			s, t := d.load(sum), d.load(weighted)
			VMULPD(v, v, v)
			VADDPD(v, s, s)
			VMULPD(weight, v, v)
			VADDPD(v, t, t)
			d.store(s, sum)
			d.store(t, weighted)
		})
	})
	finish(nil)
}

func adafactorMoments(i isa) {
	p, n := i.function("adafactorMoments", "func(v, g []float32, decay, fresh, eps float64) float64",
		"sets v = decay*v + fresh*(g²+eps) and returns the sum of (g/√v)².", "v", "g")
	decay, fresh, eps := i.broadcast64("decay"), i.broadcast64("fresh"), i.broadcast64("eps")
	sum := i.lanes8()
	i.walk(n, p, 1, func(_ int, a access) {
		v, g := a.load(p[0]), a.load(p[1])
		var moments [2]VecVirtual
		a.halves(v, func(half int, x VecVirtual) {
			VMULPD(decay, x, x)
			moments[half] = x
		})
		a.halves(g, func(half int, x VecVirtual) {
			VFMADD213PD(eps, x, x)
			VMULPD(fresh, x, x)
			VADDPD(x, moments[half], moments[half])
		})
		v = a.join(moments)
		a.store(v, p[0])
		VSQRTPS(v, v)
		VDIVPS(v, g, g)
		a.clear(g) // 0/0 where no element is
		sum.add(a, g)
	})
	finish(sum.total())
}

// adafactorMove writes the last pass of Adafactor: with the mean squares by rows and columns or one by one, and with a
// mean of the updates or without.
func adafactorMove(i isa, factored, mean bool) {
	name, update, arguments, names := "adafactorFull", "g/√v", "g, v []float32, ", []string{"g", "v"}
	if factored {
		name, update, arguments, names = "adafactorFactored", "g*row*col", "g, col []float32, row, ",
			[]string{"g", "col"}
	}
	does := "sets x -= shrink*x + rate*u with u = " + update + "."
	if mean {
		name, arguments, names = name+"Mean", "m, "+arguments+"beta1, ", append([]string{"m"}, names...)
		does = "sets m = beta1*m + rate*u with u = " + update + " and x -= shrink*x + m."
	}
	p, n := i.function(name, "func(x, "+arguments+"rate, shrink float32)", does, append([]string{"x"}, names...)...)
	rate, shrink := i.broadcast("rate"), i.broadcast("shrink")
	var row, beta1 VecVirtual
	if factored {
		row = i.broadcast("row")
	}
	if mean {
		beta1 = i.broadcast("beta1")
	}
	i.walk(n, p, 2, func(_ int, a access) {
		x, u, second := a.load(p[0]), a.load(p[len(p)-2]), a.load(p[len(p)-1])
		if factored {
			VMULPS(row, u, u)
			VMULPS(second, u, u)
		} else {
			VSQRTPS(second, second)
			VDIVPS(second, u, u)
		}
		VMULPS(rate, u, u)
		if mean {
			m := a.load(p[1])
			VMULPS(beta1, m, m)
			VADDPS(m, u, u)
			a.store(u, p[1])
		}
		part := i.reg()
		VMULPS(shrink, x, part)
		VADDPS(part, u, u)
		VSUBPS(u, x, x)
		a.store(x, p[0])
	})
	finish(nil)
}

func adamw(i isa) {
	p, n := i.function("adamw", "func(x, m, v, g []float32, fresh1, beta2, fresh2, size, root2, eps, decay float32)",
		"sets m += fresh1*(g-m), v = beta2*v + fresh2*g*g and x -= decay*x + size*m/(√v/root2+eps).", "x", "m",
		"v", "g")
	fresh1, beta2, fresh2 := i.broadcast("fresh1"), i.broadcast("beta2"), i.broadcast("fresh2")
	size, root2, eps, decay := i.broadcast("size"), i.broadcast("root2"), i.broadcast("eps"), i.broadcast("decay")
	i.walk(n, p, 1, func(_ int, a access) {
		x, m, v, g := a.load(p[0]), a.load(p[1]), a.load(p[2]), a.load(p[3])
		t := i.reg()
		VSUBPS(m, g, t)
		VMULPS(fresh1, t, t)
		VADDPS(t, m, m)
		a.store(m, p[1])
		VMULPS(fresh2, g, t)
		VMULPS(g, t, t)
		VMULPS(beta2, v, v)
		VADDPS(t, v, v)
		a.store(v, p[2])
		VSQRTPS(v, v)
		VDIVPS(root2, v, v)
		VADDPS(eps, v, v)
		VDIVPS(v, m, m)
		VMULPS(size, m, m)
		VMULPS(decay, x, t)
		VADDPS(t, m, m)
		VSUBPS(m, x, x)
		a.store(x, p[0])
	})
	finish(nil)
}

// broadcast64 returns a register full of a float64 parameter.
func (i isa) broadcast64(name string) VecVirtual {
	c, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	r := i.reg()
	VBROADCASTSD(c.Addr, r)
	return r
}
