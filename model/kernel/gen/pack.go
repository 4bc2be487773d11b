package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// split writes a copy of k rows into panels of a width: element (p, j) of the source goes to (p, j mod width) of panel
// j/width. The rows are read from their beginning to their end, as memory likes it.
func split(i isa, operand string, width int) {
	name := "split" + operand + i.name
	TEXT(name, NOSPLIT, "func(dst *float32, dstPanel int, src *float32, srcRow, panels, k int)")
	Doc(fmt.Sprintf("%s copies k rows into panels of %d columns; strides are in bytes.", name, width))
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	dstPanel := Load(Param("dstPanel"), GP64())
	src := Load(Param("src"), GP64())
	srcRow := Load(Param("srcRow"), GP64())
	k := Load(Param("k"), GP64())
	to, from, n := GP64(), GP64(), GP64()
	Label("row")
	MOVQ(dst, to)
	MOVQ(src, from)
	Load(Param("panels"), n)
	Label("panel")
	// Largest registers first; the parts of a row are at most 16, 8, 4 and 2 elements.
	r := isa512.regs
	for done, next := 0, 0; done < width; next++ {
		at := func(p Register) Mem { return Mem{Base: p, Disp: 4 * done} }
		switch left := width - done; {
		case left >= 16 && i.size == 64:
			VMOVUPS(at(from), r[next])
			VMOVUPS(r[next], at(to))
			done += 16
		case left >= 8:
			VMOVUPS(at(from), r[next].AsY())
			VMOVUPS(r[next].AsY(), at(to))
			done += 8
		case left >= 4:
			VMOVUPS(at(from), r[next].AsX())
			VMOVUPS(r[next].AsX(), at(to))
			done += 4
		default:
			VMOVSD(at(from), r[next].AsX())
			VMOVSD(r[next].AsX(), at(to))
			done += 2
		}
	}
	ADDQ(U32(uint32(4*width)), from)
	ADDQ(dstPanel, to)
	DECQ(n)
	JNZ(LabelRef("panel"))
	ADDQ(srcRow, src)
	ADDQ(U32(uint32(4*width)), dst)
	DECQ(k)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// transpose512 writes blocks of 16x16: source rows become columns of the panel. The source has 16 rows; columns are
// taken 16 at a time.
func transpose512() {
	TEXT("transpose512", NOSPLIT, "func(dst *float32, dstRow int, src *float32, srcRow int, blocks int)")
	Doc("transpose512 transposes blocks of 16 rows and 16 columns: element (r, p) of src goes to (p, r) of dst. " +
		"Strides are in bytes.")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64()).(GPVirtual)
	dstRow := Load(Param("dstRow"), GP64()).(GPVirtual)
	src := Load(Param("src"), GP64()).(GPVirtual)
	srcRow := Load(Param("srcRow"), GP64()).(GPVirtual)
	blocks := Load(Param("blocks"), GP64()).(GPVirtual)
	bases, row := rowPointers(src, srcRow, 16)
	r := isa512.regs
	Label("block")
	for i := range 16 {
		VMOVUPS(row(i, 0), r[i])
	}
	transpose16()
	finishBlock(r[:16], dst, dstRow, bases, Imm(64), blocks)
}

// finishBlock writes rows of the panel, and goes to the label "block" if there are more.
func finishBlock(rows []VecPhysical, dst, dstRow GPVirtual, bases []GPVirtual, step Op, blocks GPVirtual) {
	for _, r := range rows {
		VMOVUPS(r, Mem{Base: dst})
		ADDQ(dstRow, dst)
	}
	for _, p := range bases {
		ADDQ(step, p)
	}
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// transpose16 transposes the words of the first 16 registers; the others are overwritten.
func transpose16() {
	r := isa512.regs
	for i := 0; i < 16; i += 2 { // pairs of rows
		VUNPCKLPS(r[i+1], r[i], r[16+i])
		VUNPCKHPS(r[i+1], r[i], r[17+i])
	}
	for g := range 4 { // fours: r[4g+j], 128-bit lane l, holds column 4l+j of rows 4g..4g+3
		a, b, c, d := r[16+4*g], r[17+4*g], r[18+4*g], r[19+4*g]
		VUNPCKLPD(c, a, r[4*g])
		VUNPCKHPD(c, a, r[4*g+1])
		VUNPCKLPD(d, b, r[4*g+2])
		VUNPCKHPD(d, b, r[4*g+3])
	}
	for j := range 4 { // lanes 0,2 and 1,3 of eight rows
		VSHUFF32X4(Imm(0x88), r[4+j], r[j], r[16+j])
		VSHUFF32X4(Imm(0xdd), r[4+j], r[j], r[20+j])
		VSHUFF32X4(Imm(0x88), r[12+j], r[8+j], r[24+j])
		VSHUFF32X4(Imm(0xdd), r[12+j], r[8+j], r[28+j])
	}
	for j := range 4 { // of all sixteen
		VSHUFF32X4(Imm(0x88), r[24+j], r[16+j], r[j])
		VSHUFF32X4(Imm(0x88), r[28+j], r[20+j], r[4+j])
		VSHUFF32X4(Imm(0xdd), r[24+j], r[16+j], r[8+j])
		VSHUFF32X4(Imm(0xdd), r[28+j], r[20+j], r[12+j])
	}
}

// transpose256 is transpose512 for 8 rows and 8 columns.
func transpose256() {
	TEXT("transpose256", NOSPLIT, "func(dst *float32, dstRow int, src *float32, srcRow int, blocks int)")
	Doc("transpose256 transposes blocks of 8 rows and 8 columns: element (r, p) of src goes to (p, r) of dst. " +
		"Strides are in bytes.")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64()).(GPVirtual)
	dstRow := Load(Param("dstRow"), GP64()).(GPVirtual)
	src := Load(Param("src"), GP64()).(GPVirtual)
	srcRow := Load(Param("srcRow"), GP64()).(GPVirtual)
	blocks := Load(Param("blocks"), GP64()).(GPVirtual)
	bases, row := rowPointers(src, srcRow, 8)
	r := isa256.regs
	Label("block")
	for i := range 8 {
		VMOVUPS(row(i, 0), r[i])
	}
	for i := 0; i < 8; i += 2 {
		VUNPCKLPS(r[i+1], r[i], r[8+i])
		VUNPCKHPS(r[i+1], r[i], r[9+i])
	}
	for g := range 2 { // r[4g+j], 128-bit lane l, holds column 4l+j of rows 4g..4g+3
		a, b, c, d := r[8+4*g], r[9+4*g], r[10+4*g], r[11+4*g]
		VUNPCKLPD(c, a, r[4*g])
		VUNPCKHPD(c, a, r[4*g+1])
		VUNPCKLPD(d, b, r[4*g+2])
		VUNPCKHPD(d, b, r[4*g+3])
	}
	for j := range 4 {
		VPERM2F128(Imm(0x20), r[4+j], r[j], r[8+j])
		VPERM2F128(Imm(0x31), r[4+j], r[j], r[12+j])
	}
	finishBlock(r[8:16], dst, dstRow, bases, Imm(32), blocks)
}
