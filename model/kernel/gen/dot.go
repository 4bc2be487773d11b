package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dotCols is how many rows of B, and so columns of C, a dot kernel multiplies with each row of A.
const dotCols = 4

// dotTile writes the product of a few rows of A with up to four rows of B, both contiguous: C = A·Bᵀ or C += A·Bᵀ.
// Products with few rows read each weight once this way, without packing.
func dotTile(i isa, rows int) {
	name := fmt.Sprintf("dot%sx%d", i.name, rows)
	TEXT(name, NOSPLIT, "func(cols, k int, a *float32, aRow int, b *float32, bRow int, c *float32, cRow int, "+
		"accumulate bool)")
	Doc(name + fmt.Sprintf(" multiplies %d rows of a with 1 to %d rows of b; strides are in bytes.", rows, dotCols))
	Pragma("noescape")
	n := Load(Param("k"), GP64()).(GPVirtual)
	var a, b []GPVirtual
	first, stride := Load(Param("a"), GP64()).(GPVirtual), Load(Param("aRow"), GP64())
	for r := range rows {
		p := first
		if r > 0 {
			p = GP64()
			MOVQ(a[r-1], p)
			ADDQ(stride, p)
		}
		a = append(a, p)
	}
	// Where there are fewer than four rows of B the last one stands in for those that are missing.
	first, stride = Load(Param("b"), GP64()).(GPVirtual), Load(Param("bRow"), GP64()).(GPVirtual)
	cols := Load(Param("cols"), GP64()).(GPVirtual)
	for j := range dotCols {
		p := first
		if j > 0 {
			p = GP64()
			next := GP64()
			MOVQ(b[j-1], p)
			MOVQ(p, next)
			ADDQ(stride, next)
			CMPQ(cols, Imm(uint64(j)))
			CMOVQGT(next, p)
		}
		b = append(b, p)
	}
	// Eight sums at least, so that a multiplication need not wait for the last one.
	unroll := max(1, 8/(rows*dotCols))
	sums := make([][]VecVirtual, rows)
	for r := range sums {
		sums[r] = i.sums(dotCols * unroll)
	}
	i.walk(n, append(append([]GPVirtual{}, a...), b...), unroll, func(u int, at access) {
		var x [dotCols]VecVirtual
		if rows > 1 || at.tail {
			for j := range x {
				x[j] = at.load(b[j])
			}
		}
		// The rows of B come from memory once and from no cache: without this the processor waits for the first
		// part of each tile and then for nothing.
		for _, p := range b {
			PREFETCHT1(Mem{Base: p, Index: stride, Scale: dotCols, Disp: at.offset})
		}
		for r := range rows {
			y := at.load(a[r])
			for j := range x {
				if x[j] == nil {
					VFMADD231PS(at.at(b[j]), y, sums[r][u*dotCols+j])
				} else {
					VFMADD231PS(x[j], y, sums[r][u*dotCols+j])
				}
			}
		}
	})
	for r := range rows {
		for step := unroll / 2; step > 0; step /= 2 {
			for s := range step * dotCols {
				VADDPS(sums[r][step*dotCols+s], sums[r][s], sums[r][s])
			}
		}
		i.fourTotals(sums[r])
	}
	c, cRow := Load(Param("c"), GP64()).(GPVirtual), Load(Param("cRow"), GP64())
	accumulate := Load(Param("accumulate"), GP8())
	cols = Load(Param("cols"), GP64()).(GPVirtual)
	mask := isa256.mask256(cols).AsX()
	old := XMM()
	TESTB(accumulate, accumulate)
	JZ(LabelRef("store"))
	next := GP64()
	MOVQ(c, next)
	for r := range rows {
		VMASKMOVPS(Mem{Base: next}, mask, old)
		VADDPS(old, sums[r][0].AsX(), sums[r][0].AsX())
		ADDQ(cRow, next)
	}
	Label("store")
	CMPQ(cols, Imm(dotCols))
	JL(LabelRef("part"))
	for r := range rows {
		VMOVUPS(sums[r][0].AsX(), Mem{Base: c})
		ADDQ(cRow, c)
	}
	VZEROUPPER()
	RET()
	Label("part")
	for r := range rows {
		VMASKMOVPS(sums[r][0].AsX(), mask, Mem{Base: c})
		ADDQ(cRow, c)
	}
	VZEROUPPER()
	RET()
}

// fourTotals adds up the elements of each of the first four registers into the elements of the first.
func (i isa) fourTotals(s []VecVirtual) {
	if i.size == 64 {
		t := i.reg()
		for _, r := range s[:4] {
			VEXTRACTF64X4(Imm(1), r, t.AsY())
			VADDPS(t.AsY(), r.AsY(), r.AsY())
		}
	}
	y := func(n int) Register { return s[n].AsY() }
	VHADDPS(y(1), y(0), y(0))
	VHADDPS(y(3), y(2), y(2))
	VHADDPS(y(2), y(0), y(0))
	VEXTRACTF128(Imm(1), y(0), s[1].AsX())
	VADDPS(s[1].AsX(), s[0].AsX(), s[0].AsX())
}
