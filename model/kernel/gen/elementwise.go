package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// constants are vectors of one number in read-only memory, 64 bytes each.
type constants map[string]Mem

func makeConstants() constants {
	c := constants{}
	for _, k := range []struct {
		name string
		bits uint32
	}{
		{"one", math.Float32bits(1)},
		{"log2e", math.Float32bits(1.44269504088896341)},
		{"ln2hi", math.Float32bits(0.693359375)},
		{"ln2lo", math.Float32bits(-2.12194440e-4)},
		{"p0", math.Float32bits(1.9875691500e-4)}, // Cephes expf, as in exp32
		{"p1", math.Float32bits(1.3981999507e-3)},
		{"p2", math.Float32bits(8.3334519073e-3)},
		{"p3", math.Float32bits(4.1665795894e-2)},
		{"p4", math.Float32bits(1.6666665459e-1)},
		{"p5", math.Float32bits(5.0000001201e-1)},
		{"least", math.Float32bits(-87.33654)},
		{"most", math.Float32bits(88)},
		{"bias", 127},
	} {
		m := GLOBL("k_"+k.name, RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(k.bits))
		}
		c[k.name] = m
	}
	return c
}

// exp turns x into e^x, for several registers at once so that their latencies overlap. k and p are scratch. Below the
// smallest normal number the result is that number, as good as 0 for a softmax; a NaN stays one.
func (c constants) exp(i isa, x, k, p []VecPhysical) {
	each := func(f func(u int)) {
		for u := range x {
			f(u)
		}
	}
	each(func(u int) {
		// The second source wins over a NaN, so a NaN in x stays.
		VMOVUPS(c["least"], k[u])
		VMAXPS(x[u], k[u], x[u])
		if i.size == 32 { // the wide path scales by any power
			VMOVUPS(c["most"], k[u])
			VMINPS(x[u], k[u], x[u])
		}
	})
	each(func(u int) {
		VMULPS(c["log2e"], x[u], k[u])
		if i.size == 64 {
			VRNDSCALEPS(Imm(8), k[u], k[u])
		} else {
			VROUNDPS(Imm(8), k[u], k[u])
		}
	})
	each(func(u int) { VFNMADD231PS(c["ln2hi"], k[u], x[u]) })
	each(func(u int) {
		VFNMADD231PS(c["ln2lo"], k[u], x[u])
		VMOVUPS(c["p0"], p[u])
	})
	for _, name := range []string{"p1", "p2", "p3", "p4", "p5", "one", "one"} {
		each(func(u int) { VFMADD213PS(c[name], x[u], p[u]) })
	}
	each(func(u int) {
		if i.size == 64 {
			VSCALEFPS(k[u], p[u], x[u])
		} else {
			VCVTPS2DQ(k[u], k[u])
			VPADDD(c["bias"], k[u], k[u])
			VPSLLD(Imm(23), k[u], k[u])
			VMULPS(k[u], p[u], x[u])
		}
	})
}

// unroll is how many registers of exp are in flight.
const unroll = 4

// softmaxKernels writes expsum, which replaces x by e^(x-shift) and returns the sum, and expscale, which replaces it by
// e^(x-shift)*scale; n is a multiple of a register.
func softmaxKernels(i isa, c constants) {
	x, k, p := i.regs[0:unroll], i.regs[unroll:2*unroll], i.regs[2*unroll:3*unroll]
	shift, sum := i.regs[12], i.regs[13]
	body := func(pointer Register, count int, each func(u int)) {
		for u := range count {
			VMOVUPS(Mem{Base: pointer, Disp: u * i.size}, x[u])
			VSUBPS(shift, x[u], x[u])
		}
		c.exp(i, x[:count], k[:count], p[:count])
		for u := range count {
			each(u)
			VMOVUPS(x[u], Mem{Base: pointer, Disp: u * i.size})
		}
		ADDQ(U32(uint32(count*i.size)), pointer)
	}
	lanes := i.size / 4
	loops := func(n, pointer GPVirtual, each func(u int)) {
		Label("many")
		CMPQ(n, U32(uint32(unroll*lanes)))
		JLT(LabelRef("few"))
		body(pointer, unroll, each)
		SUBQ(U32(uint32(unroll*lanes)), n)
		JMP(LabelRef("many"))
		Label("few")
		TESTQ(n, n)
		JZ(LabelRef("done"))
		body(pointer, 1, each)
		SUBQ(U32(uint32(lanes)), n)
		JMP(LabelRef("few"))
		Label("done")
	}

	TEXT("expsum"+i.name, NOSPLIT, "func(x *float32, n int, shift float32) float32")
	Doc("expsum" + i.name + " replaces x by e^(x-shift) and returns the sum; n is a multiple of a register.")
	Pragma("noescape")
	pointer := Load(Param("x"), GP64()).(GPVirtual)
	n := Load(Param("n"), GP64()).(GPVirtual)
	broadcastParam("shift", shift)
	VXORPS(sum.AsY(), sum.AsY(), sum.AsY())
	loops(n, pointer, func(u int) { VADDPS(x[u], sum, sum) })
	reduce(i, sum, i.regs[14])
	Store(sum.AsX(), ReturnIndex(0))
	VZEROUPPER()
	RET()

	TEXT("expscale"+i.name, NOSPLIT, "func(x *float32, n int, shift, scale float32)")
	Doc("expscale" + i.name + " replaces x by e^(x-shift)*scale; n is a multiple of a register.")
	Pragma("noescape")
	pointer = Load(Param("x"), GP64()).(GPVirtual)
	n = Load(Param("n"), GP64()).(GPVirtual)
	broadcastParam("shift", shift)
	broadcastParam("scale", sum)
	loops(n, pointer, func(u int) { VMULPS(sum, x[u], x[u]) })
	VZEROUPPER()
	RET()
}

func broadcastParam(name string, v VecPhysical) {
	param, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(param.Addr, v)
}

// maxKernel writes the largest element of x, whose length is a positive multiple of a register.
func maxKernel(i isa) {
	TEXT("max"+i.name, NOSPLIT, "func(x *float32, n int) float32")
	Doc("max" + i.name + " returns the largest element; n is a positive multiple of a register.")
	Pragma("noescape")
	x := Load(Param("x"), GP64()).(GPVirtual)
	n := Load(Param("n"), GP64()).(GPVirtual)
	lanes := i.size / 4
	for u := range 4 {
		VMOVUPS(Mem{Base: x}, i.regs[u])
	}
	Label("many")
	CMPQ(n, U32(uint32(4*lanes)))
	JLT(LabelRef("few"))
	for u := range 4 {
		VMAXPS(Mem{Base: x, Disp: u * i.size}, i.regs[u], i.regs[u])
	}
	ADDQ(U32(uint32(4*i.size)), x)
	SUBQ(U32(uint32(4*lanes)), n)
	JMP(LabelRef("many"))
	Label("few")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	VMAXPS(Mem{Base: x}, i.regs[0], i.regs[0])
	ADDQ(U32(uint32(i.size)), x)
	SUBQ(U32(uint32(lanes)), n)
	JMP(LabelRef("few"))
	Label("done")
	v, w := i.regs[0], i.regs[1]
	VMAXPS(i.regs[1], v, v)
	VMAXPS(i.regs[3], i.regs[2], i.regs[2])
	VMAXPS(i.regs[2], v, v)
	if i.size == 64 {
		VEXTRACTF64X4(Imm(1), v, w.AsY())
		VMAXPS(w.AsY(), v.AsY(), v.AsY())
	}
	VEXTRACTF128(Imm(1), v.AsY(), w.AsX())
	VMAXPS(w.AsX(), v.AsX(), v.AsX())
	VPERMILPS(Imm(0x4e), v.AsX(), w.AsX())
	VMAXPS(w.AsX(), v.AsX(), v.AsX())
	VPERMILPS(Imm(0xb1), v.AsX(), w.AsX())
	VMAXPS(w.AsX(), v.AsX(), v.AsX())
	Store(v.AsX(), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// simpleKernels write loops of one operation an element over whole registers.
func simpleKernels(i isa) {
	loop := func(pointers []GPVirtual, n GPVirtual, step func(offset, u int)) {
		lanes := i.size / 4
		run := func(count int) {
			for u := range count {
				step(u*i.size, u)
			}
			for _, p := range pointers {
				ADDQ(U32(uint32(count*i.size)), p)
			}
			SUBQ(U32(uint32(count*lanes)), n)
		}
		Label("many")
		CMPQ(n, U32(uint32(4*lanes)))
		JLT(LabelRef("few"))
		run(4)
		JMP(LabelRef("many"))
		Label("few")
		TESTQ(n, n)
		JZ(LabelRef("done"))
		run(1)
		JMP(LabelRef("few"))
		Label("done")
		VZEROUPPER()
		RET()
	}
	TEXT("add"+i.name, NOSPLIT, "func(y, x *float32, n int)")
	Doc("add" + i.name + " adds x to y; n is a multiple of a register.")
	Pragma("noescape")
	y, x := Load(Param("y"), GP64()).(GPVirtual), Load(Param("x"), GP64()).(GPVirtual)
	n := Load(Param("n"), GP64()).(GPVirtual)
	loop([]GPVirtual{y, x}, n, func(offset, u int) {
		VMOVUPS(Mem{Base: y, Disp: offset}, i.regs[u])
		VADDPS(Mem{Base: x, Disp: offset}, i.regs[u], i.regs[u])
		VMOVUPS(i.regs[u], Mem{Base: y, Disp: offset})
	})

	TEXT("scale"+i.name, NOSPLIT, "func(x *float32, n int, a float32)")
	Doc("scale" + i.name + " multiplies x by a; n is a multiple of a register.")
	Pragma("noescape")
	x = Load(Param("x"), GP64()).(GPVirtual)
	n = Load(Param("n"), GP64()).(GPVirtual)
	broadcastParam("a", i.regs[8])
	loop([]GPVirtual{x}, n, func(offset, u int) {
		VMULPS(Mem{Base: x, Disp: offset}, i.regs[8], i.regs[u])
		VMOVUPS(i.regs[u], Mem{Base: x, Disp: offset})
	})
}
