package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// philoxConstants are those of the portable generator.
const (
	philoxMul0 = 0xD2511F53
	philoxMul1 = 0xCD9E8D57
	philoxKey0 = 0x9E3779B9
	philoxKey1 = 0xBB67AE85
)

// dropoutKernel writes the dropout of whole blocks: each register lane runs one Philox4x32-10 counter, whose 128 bits
// decide eight elements, 16 bits each, in order.
func dropoutKernel(i isa) {
	TEXT("dropout"+i.name, NOSPLIT, "func(y, x *float32, blocks int, block, row, op, step, key0, key1, below uint32, scale float32)")
	Doc("dropout" + i.name + " multiplies x by 0 or scale, for blocks of 8 elements a lane; block numbers the first counter.")
	Pragma("noescape")
	lanes := i.size / 4
	iota := GLOBL("k_iota"+i.name, RODATA|NOPTR)
	for l := range lanes {
		DATA(4*l, U32(uint32(l)))
	}
	y, x := Load(Param("y"), GP64()).(GPVirtual), Load(Param("x"), GP64()).(GPVirtual)
	n := Load(Param("blocks"), GP64()).(GPVirtual)
	r := i.regs
	c := r[0:4]                 // counters
	low, high := r[4:6], r[6:8] // products
	counter := r[8]             // the first word of the counters of the next round
	scale, below := r[9], r[10]
	key0, key1 := GP32(), GP32()
	scratch := GP32()
	set := func(name string, v VecPhysical) {
		Load(Param(name), scratch)
		VMOVD(scratch, v.AsX())
		VPBROADCASTD(v.AsX(), v)
	}
	set("block", counter)
	VPADDD(iota, counter, counter)
	if i.size == 64 {
		MOVL(U32(0xaaaa), scratch)
		KMOVW(scratch, K1)
	}
	broadcastParam("scale", scale)
	Load(Param("below"), scratch)
	VMOVD(scratch, below.AsX())
	VPBROADCASTW(below.AsX(), below)
	mul0, mul1 := r[11], r[12]
	constant := func(value uint32, v VecPhysical) {
		MOVL(U32(value), scratch)
		VMOVD(scratch, v.AsX())
		VPBROADCASTD(v.AsX(), v)
	}
	constant(philoxMul0, mul0)
	constant(philoxMul1, mul1)
	Label("block")
	VMOVUPS(counter, c[0])
	set("row", c[1])
	set("op", c[2])
	set("step", c[3])
	Load(Param("key0"), key0)
	Load(Param("key1"), key1)
	t0, t1 := r[13], r[14]
	for range 10 {
		// The 64-bit products of the even lanes, then of the odd ones.
		for j, m := range []VecPhysical{mul0, mul1} {
			word := c[2*j]
			VPMULUDQ(m, word, low[j])
			VPSRLQ(Imm(32), word, t0)
			VPMULUDQ(m, t0, t0)
			// low[j]: even products, t0: odd ones. Sort them into low and high words.
			VPSRLQ(Imm(32), low[j], t1)
			if i.size == 64 {
				VMOVDQA32(t0, K1, t1) // odd lanes of the high words
				VPSLLQ(Imm(32), t0, t0)
				VMOVDQA32(t0, K1, low[j])
			} else {
				VPBLENDD(Imm(0xaa), t0, t1, t1)
				VPSLLQ(Imm(32), t0, t0)
				VPBLENDD(Imm(0xaa), t0, low[j], low[j])
			}
			VMOVUPS(t1, high[j])
		}
		VMOVD(key0, t0.AsX())
		VPBROADCASTD(t0.AsX(), t0)
		VMOVD(key1, t1.AsX())
		VPBROADCASTD(t1.AsX(), t1)
		xor(i, high[1], c[1], c[0])
		xor(i, t0, c[0], c[0])
		xor(i, high[0], c[3], c[2])
		xor(i, t1, c[2], c[2])
		VMOVUPS(low[1], c[1])
		VMOVUPS(low[0], c[3])
		ADDL(U32(philoxKey0), key0)
		ADDL(U32(philoxKey1), key1)
	}
	// From a word a register to the four words of a counter side by side, within 128-bit lanes: register j then has
	// counters j, j+4, j+8 and j+12.
	VPUNPCKLDQ(c[1], c[0], low[0])
	VPUNPCKHDQ(c[1], c[0], low[1])
	VPUNPCKLDQ(c[3], c[2], high[0])
	VPUNPCKHDQ(c[3], c[2], high[1])
	VPUNPCKLQDQ(high[0], low[0], c[0])
	VPUNPCKHQDQ(high[0], low[0], c[1])
	VPUNPCKLQDQ(high[1], low[1], c[2])
	VPUNPCKHQDQ(high[1], low[1], c[3])
	for j := range 4 { // eight elements for each 128-bit lane: counter 4*l+j
		for l := range lanes / 4 {
			offset := 32 * (4*l + j)
			bits := t0
			if i.size == 64 {
				VEXTRACTI32X4(Imm(uint64(l)), c[j], bits.AsX())
				VPCMPUW(Imm(5), below.AsX(), bits.AsX(), K2) // not less: keep
				VMULPS_Z(Mem{Base: x, Disp: offset}, scale.AsY(), K2, t1.AsY())
				VMOVUPS(t1.AsY(), Mem{Base: y, Disp: offset})
			} else {
				VEXTRACTI128(Imm(uint64(l)), c[j], bits.AsX())
				VPMAXUW(below.AsX(), bits.AsX(), t1.AsX())
				VPCMPEQW(bits.AsX(), t1.AsX(), t1.AsX())
				VPMOVSXWD(t1.AsX(), t1)
				VMULPS(Mem{Base: x, Disp: offset}, scale, bits)
				VANDPS(bits, t1, t1)
				VMOVUPS(t1, Mem{Base: y, Disp: offset})
			}
		}
	}
	constant(uint32(lanes), t0)
	VPADDD(t0, counter, counter)
	ADDQ(U32(uint32(32*lanes)), x)
	ADDQ(U32(uint32(32*lanes)), y)
	SUBQ(U32(uint32(lanes)), n)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

func xor(i isa, a, b, dst VecPhysical) {
	if i.size == 64 {
		VPXORD(a, b, dst)
	} else {
		VPXOR(a, b, dst)
	}
}
