package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dropout writes the loop of Dropout: Philox4x32-10 for one counter in each 64-bit lane. Of such a lane a product reads
// the lower half only, so what the others leave in the upper half does no harm, and no lane is ever shuffled before the
// end. A counter decides 8 elements: its four words in memory order are eight numbers of 16 bits.
//
// words holds the keys of the ten rounds, two each, and then the counter of the first element.
func dropout(i isa) {
	p, n := i.function("dropout", "func(y, x []float32, words *[24]uint32, below uint16, scale float32)",
		"writes x*scale to y where 16 random bits are at least below, else 0.", "y", "x")
	words := Load(Param("words"), GP64()).(GPVirtual)
	scale := i.broadcast("scale")
	below := i.reg()
	threshold, err := Param("below").Resolve()
	if err != nil {
		panic(err)
	}
	VPBROADCASTW(threshold.Addr, below)
	first := i.reg()
	VPBROADCASTD(Mem{Base: words, Disp: 4 * 20}, first)
	VPADDD(order(i), first, first)
	counters := i.size / 8 // of one round, eight elements each

	round := func(tail bool) {
		var c [4]VecVirtual
		c[0] = i.reg()
		VMOVUPS(first, c[0])
		for w := 1; w < 4; w++ {
			c[w] = i.reg()
			VPBROADCASTD(Mem{Base: words, Disp: 4 * (20 + w)}, c[w])
		}
		for r := range 10 {
			p0, p1 := i.reg(), i.reg()
			VPMULUDQ(word("word", 0xD2511F53), c[0], p0)
			VPMULUDQ(word("word", 0xCD9E8D57), c[2], p1)
			high := func(product, old VecVirtual, key int) VecVirtual {
				h, m := i.reg(), Mem{Base: words, Disp: 4 * key}
				VPSRLQ(Imm(32), product, h)
				if i.size == 64 {
					const xor = 0x96
					VPTERNLOGD_BCST(Imm(xor), m, old, h)
				} else {
					k := i.reg()
					VPBROADCASTD(m, k)
					VPXOR(old, h, h)
					VPXOR(k, h, h)
				}
				return h
			}
			c = [4]VecVirtual{high(p1, c[1], 2*r), p1, high(p0, c[3], 2*r+1), p0}
		}
		// Words 0 and 1, then 2 and 3, side by side; then all four.
		for w := 0; w < 4; w += 2 {
			VPSLLQ(Imm(32), c[w+1], c[w+1])
			VPSLLQ(Imm(32), c[w], c[w])
			VPSRLQ(Imm(32), c[w], c[w])
			if i.size == 64 {
				VPORQ(c[w+1], c[w], c[w])
			} else {
				VPOR(c[w+1], c[w], c[w])
			}
		}
		low, high := i.reg(), i.reg()
		VPUNPCKLQDQ(c[2], c[0], low)
		VPUNPCKHQDQ(c[2], c[0], high)
		for part, bits := range []VecVirtual{low, high} {
			if i.size == 64 {
				drop512(i, p, n, part, bits, below, scale, tail)
			} else {
				drop256(i, p, n, part, bits, below, scale, tail)
			}
		}
	}
	elements := uint32(8 * counters)
	Label("rounds")
	CMPQ(n, U32(elements))
	JL(LabelRef("tail"))
	round(false)
	VPADDD(word("word", uint32(counters)), first, first)
	for _, q := range p {
		ADDQ(U32(4*elements), q)
	}
	SUBQ(U32(elements), n)
	JMP(LabelRef("rounds"))
	Label("tail")
	TESTQ(n, n)
	JZ(LabelRef("end"))
	round(true)
	Label("end")
	finish(nil)
}

// order is the number of the counter in each lane, so that unpacking brings them into the order of memory: with eight
// lanes 0 4 1 5 2 6 3 7. The odd words are never read.
func order(i isa) Mem {
	lanes := i.size / 8
	m := GLOBL("order"+i.name, RODATA|NOPTR)
	for l := range lanes {
		DATA(8*l, U64(uint64(l/2+l%2*lanes/2)))
	}
	return m
}

// remaining returns how many of n elements the given register of a round holds.
func (i isa) remaining(n GPVirtual, register int) GPVirtual {
	left, bound := GP64(), GP64()
	MOVQ(n, left)
	XORQ(bound, bound)
	SUBQ(U32(uint32(register*i.lanes())), left)
	CMOVQLT(bound, left)
	MOVQ(U32(uint32(i.lanes())), bound)
	CMPQ(left, bound)
	CMOVQGT(bound, left)
	return left
}

// drop512 decides 32 elements by as many 16-bit numbers.
func drop512(i isa, p []GPVirtual, n GPVirtual, part int, bits, below, scale VecVirtual, tail bool) {
	const notLess = 5
	VPCMPUW(Imm(notLess), below, bits, K2)
	for half := range 2 {
		a := access{isa: i, offset: (2*part + half) * i.size, tail: tail}
		if tail {
			i.tailMask(i.remaining(n, 2*part+half))
		}
		x := a.load(p[1])
		VMULPS_Z(scale, x, K2, x)
		a.store(x, p[0])
		if half == 0 {
			KSHIFTRD(Imm(16), K2, K2)
		}
	}
}

// drop256 decides 16 elements by as many 16-bit numbers.
func drop256(i isa, p []GPVirtual, n GPVirtual, part int, bits, below, scale VecVirtual, tail bool) {
	larger := i.reg()
	VPMAXUW(below, bits, larger)
	VPCMPEQW(bits, larger, larger)
	for half := range 2 {
		a := access{isa: i, offset: (2*part + half) * i.size, tail: tail}
		if tail {
			a.mask = i.mask256(i.remaining(n, 2*part+half))
		}
		keep, x := i.reg(), a.load(p[1])
		VPMOVSXWD(larger.AsX(), keep)
		VMULPS(scale, x, x)
		VANDPS(keep, x, x)
		a.store(x, p[0])
		if half == 0 {
			VEXTRACTI128(Imm(1), larger, larger.AsX())
		}
	}
}
