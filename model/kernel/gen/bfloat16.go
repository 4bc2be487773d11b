package main

import (
	"fmt"

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
	splitPairs("A", isa512.rows)
	splitPairs("B", 2*16)
	splitHalves("A", isa512.rows)
	splitHalves("B", 2*16)
	halve()
	reluHalves()
	transposePairs()
	transposePairsEdge()
}

// splitPairs writes split for pairs: two rows of the source become a row of words.
func splitPairs(operand string, width int) {
	registers := (width + 15) / 16
	masks := [2][2]OpmaskPhysical{{K1, K2}, {K3, K4}} // of both registers of a panel
	order := Z31
	splitRows("splitPairs"+operand+"512", "rounds pairs of rows to bfloat16 and", width, 4, func(mask, highMask GPVirtual) {
		for half := range registers {
			for row, m := range []GPVirtual{mask, highMask} {
				KMOVW(m, masks[half][row])
				SHRL(Imm(16), m)
			}
		}
		VMOVUPS(interleaved(0), order)
	}, func(from, above, to Register) {
		for half, m := range masks[:registers] {
			x, y := isa512.regs[2*half], isa512.regs[2*half+1]
			VMOVUPS_Z(Mem{Base: from, Disp: 64 * half}, m[0], x)
			VMOVUPS_Z(Mem{Base: above, Disp: 64 * half}, m[1], y)
			convert(x, x)
			convert(y, y)
			VPERMT2W(y, order, x)
			VMOVUPS(x, Mem{Base: to, Disp: 64 * half})
		}
	})
}

// splitHalves writes splitPairs for a source in bfloat16.
func splitHalves(operand string, width int) {
	registers := (width + 15) / 16
	low, high, orders := Z0, Z1, []VecPhysical{Z30, Z31}
	splitRows("splitHalves"+operand+"512", "pairs rows of bfloat16 and", width, 2, func(mask, highMask GPVirtual) {
		KMOVD(mask, K1)
		KMOVD(highMask, K2)
		for half := range registers {
			VMOVUPS(interleaved(16*half), orders[half])
		}
	}, func(from, above, to Register) {
		VMOVDQU16_Z(Mem{Base: from}, K1, low)
		VMOVDQU16_Z(Mem{Base: above}, K2, high)
		for half := range registers {
			x := isa512.regs[2+half]
			VMOVAPS(low, x)
			VPERMT2W(high, orders[half], x)
			VMOVUPS(x, Mem{Base: to, Disp: 64 * half})
		}
	})
}

// splitRows writes the loops over panels and pairs of rows, whose elements have a size in bytes. begin takes the masks,
// and panel writes a row of words.
func splitRows(name, does string, width, size int, begin func(mask, highMask GPVirtual),
	panel func(from, above, to Register)) {
	TEXT(name, NOSPLIT, "func(dst *float32, dstPanel int, low, high *float32, pair, panels, pairs int, mask, highMask uint32)")
	Doc(fmt.Sprintf("%s %s writes them to panels of %d words. low and high are the rows of the first pair, pair is from "+
		"one pair to the next; strides are in bytes. The masks have a bit for each column of a panel that is read; "+
		"others are 0.", name, does, width))
	Pragma("noescape")
	dst, dstPanel := Load(Param("dst"), GP64()), Load(Param("dstPanel"), GP64())
	low, high, pair := Load(Param("low"), GP64()), Load(Param("high"), GP64()), Load(Param("pair"), GP64())
	pairs := Load(Param("pairs"), GP64())
	begin(Load(Param("mask"), GP32()).(GPVirtual), Load(Param("highMask"), GP32()).(GPVirtual))
	to, from, above, n := GP64(), GP64(), GP64(), GP64()
	Label("pair")
	MOVQ(dst, to)
	MOVQ(low, from)
	MOVQ(high, above)
	Load(Param("panels"), n)
	Label("panel")
	panel(from, above, to)
	for _, p := range []Register{from, above} {
		ADDQ(U32(uint32(size*width)), p)
	}
	ADDQ(dstPanel, to)
	DECQ(n)
	JNZ(LabelRef("panel"))
	for _, p := range []Register{low, high} {
		ADDQ(pair, p)
	}
	ADDQ(U32(uint32(4*width)), dst)
	DECQ(pairs)
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}

// halvesLoop writes a loop over 32 elements at a time, which are 16 words of bfloat16. body handles those whose masks
// are set: of words, and of the elements in the lower and the upper half; without masks all.
func halvesLoop(n GPVirtual, words GPVirtual, elements []GPVirtual, body func(masks []OpmaskPhysical)) {
	Label("round")
	CMPQ(n, Imm(32))
	JL(LabelRef("tail"))
	body(nil)
	ADDQ(Imm(64), words)
	for _, p := range elements {
		ADDQ(U32(128), p)
	}
	SUBQ(Imm(32), n)
	JMP(LabelRef("round"))
	Label("tail")
	TESTQ(n, n)
	JZ(LabelRef("end"))
	ones, some := GP32(), GP32()
	MOVL(I32(-1), ones)
	BZHIL(n.As32(), ones, some)
	KMOVW(some, K2)
	SHRL(Imm(16), some)
	KMOVW(some, K3)
	SHRQ(Imm(1), n)
	BZHIL(n.As32(), ones, some)
	KMOVW(some, K1)
	body([]OpmaskPhysical{K1, K2, K3})
	Label("end")
	VZEROUPPER()
	RET()
}

// move emits VMOVUPS, of the elements in mask k of masks where there are any; those that are not read are zeros.
func move(from, to Op, masks []OpmaskPhysical, k int) {
	_, store := to.(Mem)
	switch {
	case masks == nil:
		VMOVUPS(from, to)
	case store:
		VMOVUPS(from, masks[k], to)
	default:
		VMOVUPS_Z(from, masks[k], to)
	}
}

// halve writes the rounding of an even number of elements to bfloat16.
func halve() {
	p, n := isa512.function("halve", "func(words, x []float32)",
		"rounds x, an even number of elements, to bfloat16 in words, two in each.", "words", "x")
	low, high := Z0, Z1
	halvesLoop(n, p[0], p[1:], func(masks []OpmaskPhysical) {
		move(Mem{Base: p[1]}, low, masks, 1)
		move(Mem{Base: p[1], Disp: 64}, high, masks, 2)
		convert(low, low)
		convert(high, high)
		VINSERTF64X4(Imm(1), high.AsY(), low, low)
		move(low, Mem{Base: p[0]}, masks, 0)
	})
}

// reluHalves writes the backward pass of ReLU and a dropout whose result is in bfloat16.
func reluHalves() {
	p, n := isa512.function("reluHalves", "func(words, dx, dy []float32, scale float32)",
		"writes scale·dy to dx where the bfloat16 of words, two in each, is positive, else 0.", "words", "dx", "dy")
	factor, err := Param("scale").Resolve()
	if err != nil {
		panic(err)
	}
	y, zero, scale, x := Z0, Z1, Z2, Z3
	VBROADCASTSS(factor.Addr, scale)
	VXORPS(zero.AsY(), zero.AsY(), zero.AsY())
	halvesLoop(n, p[0], p[1:], func(masks []OpmaskPhysical) {
		move(Mem{Base: p[0]}, y, masks, 0)
		const greater = 6
		VPCMPW(Imm(greater), zero, y, K4)
		for half := range 2 {
			move(Mem{Base: p[2], Disp: 64 * half}, x, masks, 1+half)
			VMULPS_Z(scale, x, K4, x)
			move(x, Mem{Base: p[1], Disp: 64 * half}, masks, 1+half)
			KSHIFTRD(Imm(16), K4, K4)
		}
	})
}

var places = map[int]Mem{}

// interleaved are the places of words that come from two registers in turn, from an element on.
func interleaved(first int) Mem {
	m, ok := places[first]
	if !ok {
		m = GLOBL(fmt.Sprintf("interleaved%d", first), RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(uint32(first+i|(32+first+i)<<16)))
		}
		places[first] = m
	}
	return m
}

// transposePairsText is what both transpositions of pairs do.
const transposePairsText = "%s rounds blocks of 16 rows and 32 columns to bfloat16 and transposes them: the pair of " +
	"columns (2p, 2p+1) of row r goes to word (p, r) of dst. Strides are in bytes."

// transposePairs writes transpose512 for pairs: 32 columns of the source are 16 words.
func transposePairs() {
	const name = "transposePairs512"
	TEXT(name, NOSPLIT, "func(dst *float32, dstRow int, src *float32, srcRow, blocks int)")
	Doc(fmt.Sprintf(transposePairsText, name))
	Pragma("noescape")
	dst, dstRow := Load(Param("dst"), GP64()).(GPVirtual), Load(Param("dstRow"), GP64()).(GPVirtual)
	src, srcRow := Load(Param("src"), GP64()).(GPVirtual), Load(Param("srcRow"), GP64())
	blocks := Load(Param("blocks"), GP64()).(GPVirtual)
	bases, row := rowPointers(src, srcRow, 16)
	r := isa512.regs
	// The same columns of the next 16 rows are asked for early.
	next, back := GP64(), GP64()
	MOVQ(srcRow, back)
	SHLQ(Imm(4), back)
	LEAQ(Mem{Base: src, Index: back, Scale: 1}, next)
	NEGQ(back)
	ADDQ(U32(128), back)
	Label("block")
	for i := range 16 {
		VMOVUPS(row(i, 0), r[i])
		VMOVUPS(row(i, 64), r[16+i])
		PREFETCHT1(Mem{Base: next})
		PREFETCHT1(Mem{Base: next, Disp: 64})
		ADDQ(srcRow, next)
	}
	ADDQ(back, next)
	pack16()
	transpose16()
	finishBlock(r[:16], dst, dstRow, bases, U32(128), blocks)
}

// transposePairsEdge writes transposePairs for a part of a block.
func transposePairsEdge() {
	const name = "transposePairsEdge512"
	TEXT(name, NOSPLIT, "func(dst *float32, dstRow int, src *float32, srcRow, rows int, mask uint32, pairs int)")
	Doc(fmt.Sprintf(transposePairsText+" It takes one block, of that the first rows and the columns in the mask, and "+
		"writes the first pairs.", name))
	Pragma("noescape")
	dst, dstRow := Load(Param("dst"), GP64()), Load(Param("dstRow"), GP64())
	src, srcRow := Load(Param("src"), GP64()), Load(Param("srcRow"), GP64())
	rows, mask, pairs := Load(Param("rows"), GP64()), Load(Param("mask"), GP32()), Load(Param("pairs"), GP64())
	r := isa512.regs
	KMOVW(mask, K1)
	SHRL(Imm(16), mask)
	KMOVW(mask, K2)
	for i := range 16 {
		VMOVUPS_Z(Mem{Base: src}, K1, r[i])
		VMOVUPS_Z(Mem{Base: src, Disp: 64}, K2, r[16+i])
		if i < 15 {
			next := fmt.Sprintf("row%d", i+1)
			DECQ(rows)
			JG(LabelRef(next))
			KXORW(K1, K1, K1)
			KXORW(K2, K2, K2)
			Label(next)
			ADDQ(srcRow, src)
		}
	}
	pack16()
	transpose16()
	for i := range 16 {
		VMOVUPS(r[i], Mem{Base: dst})
		if i < 15 {
			ADDQ(dstRow, dst)
			DECQ(pairs)
			JZ(LabelRef("done"))
		}
	}
	Label("done")
	VZEROUPPER()
	RET()
}

// pack16 rounds each register i and 16+i to 16 words in register i.
func pack16() {
	for i, x := range isa512.regs[:16] {
		y := isa512.regs[16+i]
		convert(x, x)
		convert(y, y)
		VINSERTF64X4(Imm(1), y.AsY(), x, x)
	}
}
