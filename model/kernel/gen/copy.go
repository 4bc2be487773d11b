package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// copyRows writes a copy of rows that are two registers wide, for packing.
func copyRows(i isa) {
	TEXT("copyrows"+i.name, NOSPLIT, "func(dst *float32, dstRow int, src *float32, srcRow int, rows int)")
	Doc("copyrows" + i.name + " copies rows of two registers each; strides are in bytes.")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64()).(GPVirtual)
	dstRow := Load(Param("dstRow"), GP64()).(GPVirtual)
	src := Load(Param("src"), GP64()).(GPVirtual)
	srcRow := Load(Param("srcRow"), GP64()).(GPVirtual)
	rows := Load(Param("rows"), GP64()).(GPVirtual)
	Label("row")
	for half := range 2 {
		VMOVUPS(Mem{Base: src, Disp: half * i.size}, i.regs[half])
	}
	for half := range 2 {
		VMOVUPS(i.regs[half], Mem{Base: dst, Disp: half * i.size})
	}
	ADDQ(srcRow, src)
	ADDQ(dstRow, dst)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}
