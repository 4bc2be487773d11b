package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// lanes is how many float32 a register holds.
func (i isa) lanes() int { return i.size / 4 }

// reg returns a fresh vector register.
func (i isa) reg() VecVirtual {
	if i.size == 64 {
		return ZMM()
	}
	return YMM()
}

// function begins a function whose slices have equal lengths, and returns the address of each and the length.
func (i isa) function(name, signature, doc string, names ...string) (pointers []GPVirtual, n GPVirtual) {
	TEXT(name+i.name, NOSPLIT, signature)
	Doc(name + i.name + " " + doc)
	Pragma("noescape")
	for _, s := range names {
		pointers = append(pointers, Load(Param(s).Base(), GP64()).(GPVirtual))
	}
	return pointers, Load(Param(names[len(names)-1]).Len(), GP64()).(GPVirtual)
}

// broadcast returns a register full of a float32 parameter.
func (i isa) broadcast(name string) VecVirtual {
	c, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	r := i.reg()
	VBROADCASTSS(c.Addr, r)
	return r
}

// access is one register's worth of elements at a place of a walk. In the tail of a walk it reads and writes only the
// elements that exist.
type access struct {
	isa
	offset int        // in bytes
	tail   bool       // the last, incomplete register
	mask   VecVirtual // of the tail, 256 bit only; 512 bit has K1
}

func (a access) at(p Register) Mem { return Mem{Base: p, Disp: a.offset} }

// load reads elements; those that do not exist are zero.
func (a access) load(p Register) VecVirtual {
	r := a.reg()
	switch {
	case !a.tail:
		VMOVUPS(a.at(p), r)
	case a.size == 64:
		VMOVUPS_Z(a.at(p), K1, r)
	default:
		VMASKMOVPS(a.at(p), a.mask, r)
	}
	return r
}

func (a access) store(r Register, p Register) {
	switch {
	case !a.tail:
		VMOVUPS(r, a.at(p))
	case a.size == 64:
		VMOVUPS(r, K1, a.at(p))
	default:
		VMASKMOVPS(r, a.mask, a.at(p))
	}
}

// clear makes the elements zero that do not exist, before they enter a sum.
func (a access) clear(r Register) {
	switch {
	case !a.tail:
	case a.size == 64:
		VMOVAPS_Z(r, K1, r)
	default:
		VANDPS(a.mask, r, r)
	}
}

// walk writes the loop over n elements of the arrays that the pointers begin: unroll registers at a time, then one,
// then the incomplete rest. body computes one register's worth; u tells the registers of an unrolled round apart, so
// that sums need not wait for each other.
func (i isa) walk(n GPVirtual, pointers []GPVirtual, unroll int, body func(u int, a access)) {
	advance := func(registers int) {
		for _, p := range pointers {
			ADDQ(U32(uint32(registers*i.size)), p)
		}
		SUBQ(U32(uint32(registers*i.lanes())), n)
	}
	if unroll > 1 {
		Label("rounds")
		CMPQ(n, U32(uint32(unroll*i.lanes())))
		JL(LabelRef("singles"))
		for u := range unroll {
			body(u, access{isa: i, offset: u * i.size})
		}
		advance(unroll)
		JMP(LabelRef("rounds"))
	}
	Label("singles")
	CMPQ(n, U32(uint32(i.lanes())))
	JL(LabelRef("tail"))
	body(0, access{isa: i})
	advance(1)
	JMP(LabelRef("singles"))
	Label("tail")
	TESTQ(n, n)
	JZ(LabelRef("end"))
	rest := access{isa: i, tail: true}
	if i.size == 64 {
		i.tailMask(n)
	} else {
		rest.mask = i.mask256(n)
	}
	body(0, rest)
	Label("end")
}

// tailMask sets the lowest n bits of K1.
func (i isa) tailMask(n GPVirtual) {
	ones := GP32()
	MOVL(I32(-1), ones)
	BZHIL(n.As32(), ones, ones)
	KMOVW(ones, K1)
}

// mask256 returns a register with n times -1 and then 0.
func (i isa) mask256(n GPVirtual) VecVirtual {
	mask, table, back := i.reg(), GP64(), GP64()
	LEAQ(tailTable(), table)
	MOVQ(n, back)
	NEGQ(back)
	VMOVUPS(Mem{Base: table, Index: back, Scale: 4, Disp: i.size}, mask)
	return mask
}

// sums returns cleared registers.
func (i isa) sums(n int) []VecVirtual {
	s := make([]VecVirtual, n)
	for u := range s {
		s[u] = i.reg()
		VXORPS(s[u].AsY(), s[u].AsY(), s[u].AsY())
	}
	return s
}

// total adds up all elements of registers, in an order that depends on nothing, into the first element of one.
func (i isa) total(s []VecVirtual) Register {
	for step := len(s) / 2; step > 0; step /= 2 {
		for u := range step {
			VADDPS(s[u+step], s[u], s[u])
		}
	}
	i.fold(s[0], func(a, b Register) { VADDPS(a, b, b) })
	return s[0].AsX()
}

// fold combines the upper half of a register with the lower one until one element is left.
func (i isa) fold(r VecVirtual, combine func(a, b Register)) {
	t := i.reg()
	if i.size == 64 {
		VEXTRACTF64X4(Imm(1), r, t.AsY())
		combine(t.AsY(), r.AsY())
	}
	VEXTRACTF128(Imm(1), r.AsY(), t.AsX())
	combine(t.AsX(), r.AsX())
	VPERMILPS(Imm(0x4e), r.AsX(), t.AsX()) // elements 2 3 0 1
	combine(t.AsX(), r.AsX())
	VPERMILPS(Imm(0xb1), r.AsX(), t.AsX()) // elements 1 0 3 2
	combine(t.AsX(), r.AsX())
}

// finish ends a function that returns the first element of r, or nothing.
func finish(r Register) {
	if r != nil {
		Store(r, ReturnIndex(0))
	}
	VZEROUPPER()
	RET()
}
