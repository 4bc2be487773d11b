package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// isa is an instruction set: its register file and the tile of C that it holds.
type isa struct {
	name string // the bits of a register, in which the names of its functions end
	rows int    // of the tile
	regs []VecPhysical
	size int // bytes of a register; a tile is two registers wide
}

// What package kernel calls avx512 and avx2.
var (
	isa512 = isa{"512", 14, []VecPhysical{Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z16,
		Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31}, 64}
	isa256 = isa{"256", 6, []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}, 32}
)

// addProducts adds the products of float32.
func addProducts(x, b, sum VecPhysical) { VFMADD231PS(x, b, sum) }

// rowPointers returns base registers for rows that lie stride bytes apart, one for five rows: scales of 1, 2 and 4
// and three times the stride reach the others.
func rowPointers(first GPVirtual, stride Register, rows int) (bases []GPVirtual, address func(row, offset int) Mem) {
	triple := GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, triple)
	bases = []GPVirtual{first}
	for row := 5; row < rows; row += 5 {
		next := GP64()
		LEAQ(Mem{Base: bases[len(bases)-1], Index: stride, Scale: 4}, next)
		ADDQ(stride, next)
		bases = append(bases, next)
	}
	return bases, func(row, offset int) Mem {
		m := Mem{Base: bases[row/5], Disp: offset}
		switch row % 5 {
		case 1:
			m.Index, m.Scale = stride, 1
		case 2:
			m.Index, m.Scale = stride, 2
		case 3:
			m.Index, m.Scale = triple, 1
		case 4:
			m.Index, m.Scale = stride, 4
		}
		return m
	}
}

// gemm writes the micro-kernel for a tile of C with the given number of rows: C = A·B, or C += A·B. The sums stay in
// registers over the whole depth k.
//
// add is what adds products to a sum. A is read with any strides. B is a packed panel, two registers wide, with a stride of its own. mask selects the
// columns of C: a bit each for isa512, a pointer to as many int32 (0 or -1) for isa256.
func gemm(i isa, name string, rows int, note string, add func(x, b, sum VecPhysical)) {
	maskType := "mask uint32"
	if i.size == 32 {
		maskType = "mask *int32"
	}
	TEXT(fmt.Sprintf("%s%sx%d", name, i.name, rows), NOSPLIT,
		"func(k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, "+maskType+
			", accumulate bool)")
	Doc(fmt.Sprintf("%s%sx%d multiplies %d rows; strides are in bytes%s.", name, i.name, rows, rows, note))
	Pragma("noescape")
	k := Load(Param("k"), GP64()).(GPVirtual)
	a := Load(Param("a"), GP64()).(GPVirtual)
	aRow := Load(Param("aRow"), GP64()).(GPVirtual)
	aCol := Load(Param("aCol"), GP64()).(GPVirtual)
	b := Load(Param("b"), GP64()).(GPVirtual)
	bRow := Load(Param("bRow"), GP64()).(GPVirtual)
	n := len(i.regs)
	left, right := i.regs[n-2], i.regs[n-1]
	broadcast := [2]VecPhysical{i.regs[n-4], i.regs[n-3]}
	sum := func(row, half int) VecPhysical { return i.regs[2*row+half] }
	for row := range rows {
		for half := range 2 {
			VXORPS(sum(row, half).AsY(), sum(row, half).AsY(), sum(row, half).AsY())
		}
	}
	i.prefetchTile(rows)
	bases, element := rowPointers(a, aRow, rows)
	step := func() {
		VMOVUPS(Mem{Base: b}, left)
		VMOVUPS(Mem{Base: b, Disp: i.size}, right)
		ADDQ(bRow, b)
		for row := range rows {
			x := broadcast[row%2]
			VBROADCASTSS(element(row, 0), x)
			add(x, left, sum(row, 0))
			add(x, right, sum(row, 1))
		}
		for _, p := range bases {
			ADDQ(aCol, p)
		}
	}
	quarter := GP64()
	MOVQ(k, quarter)
	SHRQ(Imm(2), quarter)
	ANDQ(Imm(3), k)
	TESTQ(quarter, quarter)
	JZ(LabelRef("rest"))
	Label("four")
	for range 4 {
		step()
	}
	DECQ(quarter)
	JNZ(LabelRef("four"))
	Label("rest")
	TESTQ(k, k)
	JZ(LabelRef("done"))
	Label("one")
	step()
	DECQ(k)
	JNZ(LabelRef("one"))
	Label("done")
	c := Load(Param("c"), GP64()).(GPVirtual)
	cRow := Load(Param("cRow"), GP64()).(GPVirtual)
	accumulate := Load(Param("accumulate"), GP8()).(GPVirtual)
	if i.size == 64 {
		store512(i, rows, c, cRow, accumulate, sum)
	} else {
		store256(i, rows, c, cRow, accumulate, sum)
	}
}

// prefetchTile asks for the tile of C early, so that storing it does not wait for memory, and for nothing outside of
// it.
func (i isa) prefetchTile(rows int) {
	c, cRow := Load(Param("c"), GP64()), Load(Param("cRow"), GP64())
	second := GP64() // distance to the second half, 0 where there is none
	if i.size == 64 {
		mask, half := Load(Param("mask"), GP32()), GP64()
		XORQ(second, second)
		MOVQ(U32(uint32(i.size)), half)
		CMPL(mask, U32(0xffff))
		CMOVQHI(half, second)
	}
	for row := range rows {
		PREFETCHT0(Mem{Base: c})
		if i.size == 64 {
			PREFETCHT0(Mem{Base: c, Index: second, Scale: 1})
		}
		if row < rows-1 {
			ADDQ(cRow, c)
		}
	}
}

func store512(i isa, rows int, c, cRow, accumulate GPVirtual, sum func(row, half int) VecPhysical) {
	mask := Load(Param("mask"), GP32()).(GPVirtual)
	KMOVW(mask, K1)
	SHRL(Imm(16), mask)
	KMOVW(mask, K2)
	masks := [2]OpmaskPhysical{K1, K2}
	TESTB(accumulate, accumulate)
	JZ(LabelRef("store"))
	next := GP64()
	MOVQ(c, next)
	for row := range rows {
		for half := range 2 {
			VADDPS_Z(Mem{Base: next, Disp: half * i.size}, sum(row, half), masks[half], sum(row, half))
		}
		ADDQ(cRow, next)
	}
	Label("store")
	for row := range rows {
		for half := range 2 {
			VMOVUPS(sum(row, half), masks[half], Mem{Base: c, Disp: half * i.size})
		}
		ADDQ(cRow, c)
	}
	VZEROUPPER()
	RET()
}

func store256(i isa, rows int, c, cRow, accumulate GPVirtual, sum func(row, half int) VecPhysical) {
	pointer := Load(Param("mask"), GP64()).(GPVirtual)
	n := len(i.regs)
	masks := [2]VecPhysical{i.regs[n-2], i.regs[n-1]}
	old := i.regs[n-3]
	VMOVUPS(Mem{Base: pointer}, masks[0])
	VMOVUPS(Mem{Base: pointer, Disp: i.size}, masks[1])
	TESTB(accumulate, accumulate)
	JZ(LabelRef("store"))
	next := GP64()
	MOVQ(c, next)
	for row := range rows {
		for half := range 2 {
			VMASKMOVPS(Mem{Base: next, Disp: half * i.size}, masks[half], old)
			VADDPS(old, sum(row, half), sum(row, half))
		}
		ADDQ(cRow, next)
	}
	Label("store")
	// Storing with a mask is slow on some processors, so not where all columns are wanted.
	full := GP32()
	VMOVMSKPS(masks[1], full)
	CMPL(full, U32(0xff))
	JNE(LabelRef("part"))
	for row := range rows {
		for half := range 2 {
			VMOVUPS(sum(row, half), Mem{Base: c, Disp: half * i.size})
		}
		ADDQ(cRow, c)
	}
	VZEROUPPER()
	RET()
	Label("part")
	for row := range rows {
		for half := range 2 {
			VMASKMOVPS(sum(row, half), masks[half], Mem{Base: c, Disp: half * i.size})
		}
		ADDQ(cRow, c)
	}
	VZEROUPPER()
	RET()
}
