package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// constants are vectors in memory, 64 bytes of one value, that both register sizes read.
var constants = map[uint32]Mem{}

// float is a vector full of a number.
func float(x float64) Mem { return word("float", math.Float32bits(float32(x))) }

// word is a vector full of 32 bits.
func word(name string, bits uint32) Mem {
	m, ok := constants[bits]
	if !ok {
		m = GLOBL(name+hex(bits), RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(bits))
		}
		constants[bits] = m
	}
	return m
}

func hex(x uint32) string {
	const digits = "0123456789abcdef"
	var s [8]byte
	for i := range s {
		s[i] = digits[x>>(28-4*i)&15]
	}
	return string(s[:])
}

var table Mem

// tailTable is eight times -1 and then 0: a mask for n elements begins n before the middle.
func tailTable() Mem {
	if table.Symbol.Name == "" {
		table = GLOBL("tail", RODATA|NOPTR)
		for i := range 16 {
			bits := uint32(0)
			if i < 8 {
				bits = math.MaxUint32
			}
			DATA(4*i, U32(bits))
		}
	}
	return table
}
