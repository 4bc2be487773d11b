package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dotRows is how many vectors a dot kernel multiplies with one.
const dotRows = 4

// dot writes the inner products of one vector with four others, a multiple of two registers long: few-row products
// read each weight once this way.
func dot(i isa) {
	TEXT("dot"+i.name, NOSPLIT, "func(n int, w, x *float32, xRow int, out *float32)")
	Doc("dot" + i.name + " writes the inner products of w with four rows of x to out; n is a multiple of " +
		map[string]string{"512": "32", "256": "16"}[i.name] + ", xRow is in bytes.")
	Pragma("noescape")
	n := Load(Param("n"), GP64()).(GPVirtual)
	w := Load(Param("w"), GP64()).(GPVirtual)
	x := Load(Param("x"), GP64()).(GPVirtual)
	xRow := Load(Param("xRow"), GP64()).(GPVirtual)
	out := Load(Param("out"), GP64()).(GPVirtual)
	sum := func(row, half int) VecPhysical { return i.regs[2*row+half] }
	for row := range dotRows {
		for half := range 2 {
			VXORPS(sum(row, half).AsY(), sum(row, half).AsY(), sum(row, half).AsY())
		}
	}
	bases, element := rowPointers(x, xRow, dotRows)
	weights := [2]VecPhysical{i.regs[8], i.regs[9]}
	Label("loop")
	for half := range 2 {
		VMOVUPS(Mem{Base: w, Disp: half * i.size}, weights[half])
	}
	for row := range dotRows {
		for half := range 2 {
			VFMADD231PS(element(row, half*i.size), weights[half], sum(row, half))
		}
	}
	ADDQ(U32(uint32(2*i.size)), w)
	for _, p := range bases {
		ADDQ(U32(uint32(2*i.size)), p)
	}
	SUBQ(U32(uint32(2*i.size/4)), n)
	JNZ(LabelRef("loop"))
	for row := range dotRows {
		VADDPS(sum(row, 1), sum(row, 0), sum(row, 0))
		reduce(i, sum(row, 0), i.regs[10])
		VMOVSS(sum(row, 0).AsX(), Mem{Base: out, Disp: 4 * row})
	}
	VZEROUPPER()
	RET()
}

// reduce adds up the elements of a register into its first one.
func reduce(i isa, v, scratch VecPhysical) {
	if i.size == 64 {
		VEXTRACTF64X4(Imm(1), v, scratch.AsY())
		VADDPS(scratch.AsY(), v.AsY(), v.AsY())
	}
	VEXTRACTF128(Imm(1), v.AsY(), scratch.AsX())
	VADDPS(scratch.AsX(), v.AsX(), v.AsX())
	VHADDPS(v.AsX(), v.AsX(), v.AsX())
	VHADDPS(v.AsX(), v.AsX(), v.AsX())
}
