package gguf

import (
	"fmt"
	"io"
	"math/bits"
)

// Alignment is the multiple of bytes at which every tensor begins.
const Alignment = 32

const (
	magic   = "GGUF"
	version = 3
	// maxName and maxDimensions are ggml's limits (GGML_MAX_NAME, with its zero, and GGML_MAX_DIMS).
	maxName       = 63
	maxDimensions = 4
)

// Type is the type of a tensor's elements, the enum ggml_type.
type Type uint32

// The types that are written and read.
const (
	F32  Type = 0
	F16  Type = 1
	Q8_0 Type = 8 // blocks of BlockSize integers of eight bits, with a scale in float16
	BF16 Type = 30
)

// BlockSize is the number of elements that share a scale in Q8_0. A row of a tensor has a multiple of it.
const BlockSize = 32

func (t Type) String() string {
	switch t {
	case F32:
		return "F32"
	case F16:
		return "F16"
	case Q8_0:
		return "Q8_0"
	case BF16:
		return "BF16"
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// block returns the elements of a block of the type and its bytes; ok is false for a type that is not known.
func (t Type) block() (elements, bytes int, ok bool) {
	switch t {
	case F32:
		return 1, 4, true
	case F16, BF16:
		return 1, 2, true
	case Q8_0:
		return BlockSize, 2 + BlockSize, true
	}
	return 0, 0, false
}

// Tensor is one that is written: its elements are made when their turn comes.
type Tensor struct {
	Name  string
	Type  Type
	Shape []int                 // outermost dimension first
	Write func(io.Writer) error // writes the elements as float32, little-endian, row by row
}

// size returns the bytes of the elements of a tensor.
func size(t Type, shape []int) (int, error) {
	elements, bytes, ok := t.block()
	switch {
	case !ok:
		return 0, fmt.Errorf("%s is not known, want F32, F16, BF16 or Q8_0", t)
	case len(shape) == 0 || len(shape) > maxDimensions:
		return 0, fmt.Errorf("shape %v: want 1 to %d dimensions", shape, maxDimensions)
	case shape[len(shape)-1]%elements != 0:
		return 0, fmt.Errorf("shape %v of %s: want rows of a multiple of %d elements", shape, t, elements)
	}
	total := uint(1)
	for _, n := range shape {
		high, low := bits.Mul(total, uint(n))
		if total = low; n < 1 || high != 0 || total > 1<<56 {
			return 0, fmt.Errorf("shape %v: want positive numbers of a product that memory can have", shape)
		}
	}
	return int(total) / elements * bytes, nil
}

// aligned returns the next multiple of Alignment.
func aligned(n int) int { return (n + Alignment - 1) / Alignment * Alignment }
