package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// bfloat16 writes the rounding of float32 to bfloat16, for processors that multiply float32 alone.
func bfloat16(i isa) {
	p, n := i.function("round", "func(x []float32)",
		"rounds x to bfloat16, to nearest and ties to even; subnormal numbers become zeros.", "x")
	i.walk(n, p, 2, func(_ int, a access) {
		x := a.load(p[0])
		a.store(i.rounded(x), p[0])
	})
	finish(nil)
}

// widenPairs writes the way from a packed panel of pairs to one of float32 [k, 32] for gemm.
func widenPairs(i isa) {
	const panel = 128 // bytes of a row of words
	name := "widenPairs" + i.name
	TEXT(name, NOSPLIT, "func(dst, words *float32, pairs int)")
	Doc(name + " writes the elements of a packed panel of bfloat16 to dst [2*pairs, 32].")
	Pragma("noescape")
	dst, words, n := Load(Param("dst"), GP64()), Load(Param("words"), GP64()), Load(Param("pairs"), GP64())
	mask, x, low := i.reg(), i.reg(), i.reg()
	VMOVUPS(word("word", 0xffff0000), mask)
	Label("pair")
	for at := 0; at < panel; at += i.size {
		VMOVUPS(Mem{Base: words, Disp: at}, x)
		VPSLLD(Imm(16), x, low)
		VANDPS(mask, x, x)
		VMOVUPS(low, Mem{Base: dst, Disp: at})
		VMOVUPS(x, Mem{Base: dst, Disp: panel + at})
	}
	ADDQ(U32(panel), words)
	ADDQ(U32(2*panel), dst)
	DECQ(n)
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}

// rounded returns x rounded to bfloat16, as float32.
func (i isa) rounded(x VecVirtual) VecVirtual {
	magnitude, nan, tiny, r := i.reg(), i.reg(), i.reg(), i.reg()
	VANDPS(word("word", 1<<31-1), x, magnitude)
	VMOVUPS(word("word", 0x7f800000), nan) // negative minus the magnitude of a NaN
	VPSUBD(magnitude, nan, nan)
	VPSRAD(Imm(31), nan, nan)
	VPSUBD(word("word", 0x00800000), magnitude, tiny)
	VPSRAD(Imm(31), tiny, tiny)
	VANDNPS(word("word", 1<<31-1), tiny, tiny) // the bits that stay, but for the sign
	VORPS(word("word", 1<<31), tiny, tiny)
	VPSRLD(Imm(16), x, r)
	VANDPS(word("word", 1), r, r)
	VPADDD(word("word", 0x7fff), r, r)
	VPADDD(x, r, r)
	VANDNPS(r, nan, r)
	VANDPS(x, nan, x)
	VANDPS(word("word", 0x00400000), nan, nan) // a quiet one
	VORPS(x, r, r)
	VORPS(nan, r, r)
	VANDPS(tiny, r, r)
	VANDPS(word("word", 0xffff0000), r, r)
	return r
}

// evex emits an instruction of AVX512-BF16 with 512-bit sources, all of which are of map 0F38 and prefix F3 and which
// Go's assembler does not know. first is the destination.
func evex(opcode byte, third, second, first VecPhysical, reads []Op) {
	number := func(r VecPhysical) byte { return byte(r.PhysicalIndex()) }
	bit := func(r VecPhysical, n int) byte { return number(r) >> n & 1 }
	p0 := 2 | (1-bit(first, 3))<<7 | (1-bit(third, 4))<<6 | (1-bit(third, 3))<<5 | (1-bit(first, 4))<<4
	p1 := 4 | 2 | (^number(second)&15)<<3
	p2 := 0x40 | (1-bit(second, 4))<<3
	modrm := 0xc0 | number(first)&7<<3 | number(third)&7
	Instruction(&ir.Instruction{Opcode: "LONG",
		Operands: []Op{U32(0x62 | uint32(p0)<<8 | uint32(p1)<<16 | uint32(p2)<<24)},
		Inputs:   reads, Outputs: []Op{first}})
	Instruction(&ir.Instruction{Opcode: "WORD", Operands: []Op{U16(uint16(opcode) | uint16(modrm)<<8)}})
}

// dotPairs adds the products of the pairs of a and b to each float32 of sum: VDPBF16PS.
func dotPairs(a, b, sum VecPhysical) { evex(0x52, a, b, sum, []Op{a, b, sum}) }

// convert rounds 16 float32 to bfloat16 in the lower half of to: VCVTNEPS2BF16. The encoding names no second source.
func convert(from, to VecPhysical) { evex(0x72, from, Z0, to, []Op{from}) }

// pairs writes the kernels of products of bfloat16 on processors with AVX512-BF16. A word is a pair of bfloat16.
func pairs() {
	for rows := 1; rows <= isa512.rows; rows++ {
		gemm(isa512, "gemmPairs", rows, "; k counts pairs of bfloat16", dotPairs)
	}
	narrowPairs()
	interleavePairs()
}

// narrowPairs makes bfloat16 of float32 that lie side by side.
func narrowPairs() {
	TEXT("narrowPairs512", NOSPLIT, "func(dst *float32, x *float32, blocks int)")
	Doc("narrowPairs512 rounds blocks of 32 elements to bfloat16.")
	Pragma("noescape")
	dst, x, blocks := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("blocks"), GP64())
	Label("block")
	for half, r := range []VecPhysical{Z0, Z1} {
		VMOVUPS(Mem{Base: x, Disp: 64 * half}, r)
		convert(r, r)
		VMOVUPS(r.AsY(), Mem{Base: dst, Disp: 32 * half})
	}
	ADDQ(U32(128), x)
	ADDQ(Imm(64), dst)
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// interleavePairs makes pairs of two rows.
func interleavePairs() {
	TEXT("interleavePairs512", NOSPLIT, "func(dst, low, high *float32, blocks int)")
	Doc("interleavePairs512 rounds blocks of 16 elements of two rows to bfloat16, and writes them in turn.")
	Pragma("noescape")
	dst, low, high := Load(Param("dst"), GP64()), Load(Param("low"), GP64()), Load(Param("high"), GP64())
	blocks := Load(Param("blocks"), GP64())
	Label("block")
	VMOVUPS(Mem{Base: low}, Z0)
	VMOVUPS(Mem{Base: high}, Z1)
	for _, r := range []VecPhysical{Z0, Z1} {
		convert(r, r)
		VPMOVZXWD(r.AsY(), r)
	}
	VPSLLD(Imm(16), Z1, Z1)
	VPORD(Z0, Z1, Z0)
	VMOVUPS(Z0, Mem{Base: dst})
	for _, p := range []Register{low, high, dst} {
		ADDQ(Imm(64), p)
	}
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}
