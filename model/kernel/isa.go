package kernel

import (
	"fmt"
	"os"
	"strings"

	"t5train/model/kernel/portable"
)

// ISAVariable is the environment variable that forces an ISA. Unset, the best one that the processor has is taken.
const ISAVariable = "T5_KERNEL"

// Portable is what stands for an ISA everywhere: plain Go.
const Portable = "portable"

// vnni marks the ISAs whose processor has AVX-512 VNNI: their kernels of float32 are those of the ISA without it.
const vnni = "-vnni"

// bf16 marks the ISA whose processor has AVX512-BF16 too: its kernels of float32 and int8 are those of avx512-vnni.
const bf16 = "-bf16"

// bf16ISA is the name of that ISA.
const bf16ISA = "avx512" + bf16

// isa is one instruction set architecture with its kernels. The portable ISA has the size of a tile and no gemm.
type isa struct {
	name  string
	loops rowLoops

	// The vector kernels of matrix products; strides are in bytes. The tile of C that one call of gemm computes, and
	// how deep the packed panels are.
	rows, cols int
	blockM     int // rows of A packed at a time, a multiple of rows
	blockK     int

	// gemm computes C = A·B or C += A·B for up to rows x cols elements; see gemm512x14.
	gemm func(rows, cols, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int,
		accumulate bool)
	// transpose turns blocks of side x side elements over; see transpose512.
	transpose func(dst *float32, dstRow int, src *float32, srcRow, blocks int)
	side      int
	// splitA and splitB copy rows into whole panels of rows and of cols; see splitA512.
	splitA, splitB func(dst *float32, dstPanel int, src *float32, srcRow, panels, k int)
	// dotTile multiplies up to dotRows contiguous rows of A with up to 4 of B; see dot512x4.
	dotTile func(rows, cols, k int, a *float32, aRow int, b *float32, bRow int, c *float32, cRow int, accumulate bool)
	dotRows int
	// maxDirectRows is up to how many rows of A a product with a transposed B is computed by dotTile: each element of B
	// is used so few times that packing it does not pay.
	maxDirectRows int

	// rounds says that products round their operands to bfloat16; pairs are the kernels for that, or nil, in which case
	// gemm takes pairs.
	rounds bool
	pairs  *pairKernels
	// widen makes a packed panel of pairs float32; see widenPairs512.
	widen func(dst, words *float32, pairs int)

	// The kernels of LinearInt8: those of a product of integers, or else the one that makes a panel float32 for gemm.
	int8Tile    func(t byteTile) // a tile of up to rows x 32 elements
	absMaximum  func(x []float32) float32
	quantize    func(q []uint8, inverse float32, x []float32)
	unpackBytes func(dst *float32, b *int8, scale *float32, k int)
}

// ISAs lists the ISAs that this processor has, the best first.
func ISAs() []string {
	var names []string
	for _, i := range available() {
		names = append(names, i.name)
	}
	return append(names, Portable)
}

// ISAFromEnvironment returns the ISA that ISAVariable asks for, or the best one. An unknown ISA, or one that the
// processor lacks, is an error.
func ISAFromEnvironment() (string, error) {
	name := os.Getenv(ISAVariable)
	if name == "" {
		return ISAs()[0], nil
	}
	for _, p := range ISAs() {
		if p == name {
			return p, nil
		}
	}
	return "", fmt.Errorf("%s is %q: this processor has %s", ISAVariable, name, strings.Join(ISAs(), ", "))
}

// isaByName returns the kernels of an ISA, the portable ones for an unknown one.
func isaByName(name string) *isa {
	for _, i := range available() {
		if i.name == name {
			return i
		}
	}
	return &isa{
		name: Portable, loops: portableLoops(), rows: portable.Rows, cols: portable.Cols,
		int8Tile: byteTile.multiply, absMaximum: absMaximum, quantize: quantize, widen: widenPairs,
	}
}
