package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// gated is a gated activation f(x) = x*sigmoid(z(x)): SiLU with z = x, and the tanh form of GELU with
// z = 2*sqrt(2/pi)*(x + 0.044715*x³), because 0.5*(1+tanh(u)) = sigmoid(2u).
type gated struct {
	name   string
	linear string // constant of x in z
	cubic  string // constant of x³ in z; empty for none
	slope  string // constant of x² in dz/dx
}

func gatedActivations(c constants) []gated {
	const twice = 2 * 0.7978845608028654
	for _, k := range []struct {
		name  string
		value float64
	}{{"gelu1", twice}, {"gelu3", twice * 0.044715}, {"gelu9", 3 * twice * 0.044715}} {
		m := GLOBL("k_"+k.name, RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(math.Float32bits(float32(k.value))))
		}
		c[k.name] = m
	}
	return []gated{{"gelu", "gelu1", "gelu3", "gelu9"}, {"silu", "one", "", ""}}
}

// gatedKernels writes y = f(gate)*value and its backward pass, over whole registers.
func gatedKernels(i isa, c constants, g gated) {
	const u = 2 // registers in flight
	r := i.regs
	x, z, k, p := r[0:u], r[u:2*u], r[2*u:3*u], r[3*u:4*u]
	t := r[4*u : 5*u]
	sign := r[5*u]
	// sigmoid leaves sigmoid(z(x)) in z; x stays.
	sigmoid := func(count int) {
		for j := range count {
			if g.cubic == "" {
				VMULPS(c[g.linear], x[j], z[j])
				continue
			}
			VMULPS(x[j], x[j], z[j])
			VMOVUPS(c[g.linear], t[j])
			VFMADD132PS(c[g.cubic], t[j], z[j]) // linear + cubic*x²
			VMULPS(x[j], z[j], z[j])
		}
		for j := range count {
			VXORPS(sign, z[j], z[j])
		}
		c.exp(i, z[:count], k[:count], p[:count])
		for j := range count {
			VADDPS(c["one"], z[j], z[j])
			VMOVUPS(c["one"], t[j])
			VDIVPS(z[j], t[j], z[j])
		}
	}
	begin := func() {
		scratch := GP32()
		MOVL(U32(1<<31), scratch)
		VMOVD(scratch, sign.AsX())
		VBROADCASTSS(sign.AsX(), sign)
	}
	lanes := i.size / 4
	loop := func(pointers []GPVirtual, n GPVirtual, body func(count int)) {
		for _, count := range []int{u, 1} {
			Label([]string{"", "one", "many"}[count])
			CMPQ(n, U32(uint32(count*lanes)))
			JLT(LabelRef([]string{"", "done", "one"}[count]))
			body(count)
			for _, q := range pointers {
				ADDQ(U32(uint32(count*i.size)), q)
			}
			SUBQ(U32(uint32(count*lanes)), n)
			JMP(LabelRef([]string{"", "one", "many"}[count]))
		}
		Label("done")
		VZEROUPPER()
		RET()
	}
	at := func(q GPVirtual, j int) Mem { return Mem{Base: q, Disp: j * i.size} }

	TEXT(g.name+i.name, NOSPLIT, "func(y, gate, value *float32, n int)")
	Doc(g.name + i.name + " writes f(gate)*value to y; n is a multiple of a register.")
	Pragma("noescape")
	y, gate, value := Load(Param("y"), GP64()).(GPVirtual), Load(Param("gate"), GP64()).(GPVirtual), Load(Param("value"), GP64()).(GPVirtual)
	n := Load(Param("n"), GP64()).(GPVirtual)
	begin()
	loop([]GPVirtual{y, gate, value}, n, func(count int) {
		for j := range count {
			VMOVUPS(at(gate, j), x[j])
		}
		sigmoid(count)
		for j := range count {
			VMULPS(z[j], x[j], x[j])
			VMULPS(at(value, j), x[j], x[j])
			VMOVUPS(x[j], at(y, j))
		}
	})

	TEXT(g.name+"back"+i.name, NOSPLIT, "func(dGate, dValue, dy, gate, value *float32, n int)")
	Doc(g.name + "back" + i.name + " writes dy*value*f'(gate) and dy*f(gate); n is a multiple of a register.")
	Pragma("noescape")
	dGate, dValue, dy := Load(Param("dGate"), GP64()).(GPVirtual), Load(Param("dValue"), GP64()).(GPVirtual), Load(Param("dy"), GP64()).(GPVirtual)
	gate, value = Load(Param("gate"), GP64()).(GPVirtual), Load(Param("value"), GP64()).(GPVirtual)
	n = Load(Param("n"), GP64()).(GPVirtual)
	begin()
	loop([]GPVirtual{dGate, dValue, dy, gate, value}, n, func(count int) {
		for j := range count {
			VMOVUPS(at(gate, j), x[j])
		}
		sigmoid(count)
		for j := range count {
			// k = dz/dx, p = f = x*s, t = f' = s + f*(1-s)*dz/dx
			VMOVUPS(c[g.linear], k[j])
			if g.slope != "" {
				VMULPS(x[j], x[j], t[j])
				VFMADD231PS(c[g.slope], t[j], k[j])
			}
			VMULPS(z[j], x[j], p[j])
			VMOVUPS(c["one"], t[j])
			VSUBPS(z[j], t[j], t[j])
			VMULPS(p[j], t[j], t[j])
			VFMADD213PS(z[j], k[j], t[j])
			VMOVUPS(at(dy, j), x[j])
			VMULPS(x[j], p[j], p[j])
			VMULPS(x[j], t[j], t[j])
			VMULPS(at(value, j), t[j], t[j])
			VMOVUPS(p[j], at(dValue, j))
			VMOVUPS(t[j], at(dGate, j))
		}
	})
}
