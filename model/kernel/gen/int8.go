package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// int8Panel is the bytes of a group of a packed panel of int8: 32 outputs, four inputs of each; see type Int8 of
// package kernel.
const int8Panel = 128

// dotBytes adds the products of four unsigned bytes of u and four signed ones of s to each int32 of sum: VPDPBUSD of
// AVX-512 VNNI, which avo does not know. It saturates nothing.
func dotBytes(s, u, sum VecPhysical) {
	Instruction(&ir.Instruction{
		Opcode: "VPDPBUSD", Operands: []Op{s, u, sum}, Inputs: []Op{s, u, sum}, Outputs: []Op{sum},
		ISA: []string{"AVX512VNNI"},
	})
}

// int8Tile writes the micro-kernel for a tile of C with the given number of rows and 32 columns: the integer product of
// rows of unsigned bytes and a panel of signed ones, on top of an offset for each column, times a scale for each row
// and one for each column. mask selects the columns of C, a bit each.
func int8Tile(rows int) {
	i := isa512
	TEXT(fmt.Sprintf("int8Tile512x%d", rows), NOSPLIT,
		"func(groups int, a *uint8, aRow int, aScale *float32, b *int8, bScale *float32, offset *int32, c *float32, "+
			"cRow int, mask uint32, accumulate bool)")
	Doc(fmt.Sprintf("int8Tile512x%d multiplies %d rows; groups are of four inputs, strides in bytes.", rows, rows))
	Pragma("noescape")
	groups := Load(Param("groups"), GP64()).(GPVirtual)
	a := Load(Param("a"), GP64()).(GPVirtual)
	aRow := Load(Param("aRow"), GP64()).(GPVirtual)
	b := Load(Param("b"), GP64()).(GPVirtual)
	offset := Load(Param("offset"), GP64())
	n := len(i.regs)
	halves := [2]VecPhysical{i.regs[n-2], i.regs[n-1]}
	broadcast := [2]VecPhysical{i.regs[n-4], i.regs[n-3]}
	sum := func(row, half int) VecPhysical { return i.regs[2*row+half] }
	for row := range rows {
		for half := range 2 {
			VMOVDQU32(Mem{Base: offset, Disp: half * i.size}, sum(row, half))
		}
	}
	i.prefetchTile(rows)
	bases, element := rowPointers(a, aRow, rows)
	Label("group")
	for half, r := range halves {
		VMOVDQU32(Mem{Base: b, Disp: half * i.size}, r)
	}
	ADDQ(Imm(int8Panel), b)
	for row := range rows {
		x := broadcast[row%2]
		VPBROADCASTD(element(row, 0), x)
		for half, r := range halves {
			dotBytes(r, x, sum(row, half))
		}
	}
	for _, p := range bases {
		ADDQ(Imm(4), p)
	}
	DECQ(groups)
	JNZ(LabelRef("group"))
	aScale, bScale := Load(Param("aScale"), GP64()), Load(Param("bScale"), GP64())
	for half, r := range halves {
		VMOVUPS(Mem{Base: bScale, Disp: half * i.size}, r)
	}
	for row := range rows {
		VBROADCASTSS(Mem{Base: aScale, Disp: 4 * row}, broadcast[0])
		for half, r := range halves {
			VMULPS(r, broadcast[0], broadcast[1])
			VCVTDQ2PS(sum(row, half), sum(row, half))
			VMULPS(broadcast[1], sum(row, half), sum(row, half))
		}
	}
	c := Load(Param("c"), GP64()).(GPVirtual)
	cRow := Load(Param("cRow"), GP64()).(GPVirtual)
	accumulate := Load(Param("accumulate"), GP8()).(GPVirtual)
	store512(i, rows, c, cRow, accumulate, sum)
}

// quantize writes the rounding of activations to bytes.
func quantize(i isa) {
	p, n := i.function("quantize", "func(q []uint8, inverse float32, x []float32)",
		"writes x*inverse, rounded to the nearest integer and ties to even, plus 128 to q.", "q", "x")
	inverse := i.broadcast("inverse")
	i.walk(n, p[1:], 1, func(_ int, a access) {
		x := a.load(p[1])
		VMULPS(inverse, x, x)
		VCVTPS2DQ(x, x)
		VPADDD(word("word", 128), x, x)
		if a.tail {
			VPMOVDB(x, K1, Mem{Base: p[0]})
		} else {
			VPMOVDB(x, Mem{Base: p[0]})
			ADDQ(Imm(uint64(i.lanes())), p[0])
		}
	})
	finish(nil)
}

// unpackBytes writes the way from a packed panel of int8 to one of float32 [k, 32] for gemm: each int32 of a register
// holds four inputs of an output, and one of them is shifted up to the sign and down again.
func unpackBytes(i isa) {
	name := "unpackBytes" + i.name
	TEXT(name, NOSPLIT, "func(dst *float32, b *int8, scale *float32, k int)")
	Doc(name + " writes the first k inputs of a packed panel, times the scale of each output, to dst [k, 32].")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64()).(GPVirtual)
	b := Load(Param("b"), GP64()).(GPVirtual)
	scale := Load(Param("scale"), GP64())
	k := Load(Param("k"), GP64()).(GPVirtual)
	parts := int8Panel / i.size
	packed, scales := make([]VecVirtual, parts), make([]VecVirtual, parts)
	for part := range parts {
		packed[part], scales[part] = i.reg(), i.reg()
		VMOVUPS(Mem{Base: scale, Disp: part * i.size}, scales[part])
	}
	x := i.reg()
	Label("group")
	for part, r := range packed {
		VMOVUPS(Mem{Base: b, Disp: part * i.size}, r)
	}
	ADDQ(Imm(int8Panel), b)
	for input := range 4 {
		for part, r := range packed {
			if input < 3 {
				VPSLLD(Imm(uint64(24-8*input)), r, x)
				VPSRAD(Imm(24), x, x)
			} else {
				VPSRAD(Imm(24), r, x)
			}
			VCVTDQ2PS(x, x)
			VMULPS(scales[part], x, x)
			VMOVUPS(x, Mem{Base: dst, Disp: part * i.size})
		}
		ADDQ(U32(int8Panel), dst)
		DECQ(k)
		JZ(LabelRef("done"))
	}
	JMP(LabelRef("group"))
	Label("done")
	VZEROUPPER()
	RET()
}
