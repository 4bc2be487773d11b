package kernel

import (
	"fmt"
	"os"
	"strings"
)

// PathVariable is the environment variable that forces a path. Unset, the best one that the processor has is taken.
const PathVariable = "T5_KERNEL"

// Portable is the path in plain Go that every machine has.
const Portable = "portable"

// isa is one instruction set with its vector kernels. Strides are in bytes. A nil isa is the portable path.
type isa struct {
	name string

	// The tile of C that one call of gemm computes, and how deep the packed panels are.
	rows, cols int
	blockM     int // rows of A packed at a time, a multiple of rows
	blockK     int

	// gemm computes C = A·B or C += A·B for up to rows x cols elements; see gemm512x14.
	gemm func(rows, cols, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, accumulate bool)
	// transpose turns blocks of side x side elements over; see transpose512.
	transpose func(dst *float32, dstRow int, src *float32, srcRow, blocks int)
	side      int
	// dot writes the inner products of w with four rows of x, for n a multiple of dotStep; see dot512.
	dot     func(n int, w, x *float32, xRow int, out *float32)
	dotStep int
	// narrow has tiles of half the columns, for products that would leave the other half empty; nil for none.
	narrow *isa
	// copyRows copies rows of cols elements; see copyrows512.
	copyRows func(dst *float32, dstRow int, src *float32, srcRow int, rows int)

	// Loops over whole registers of lanes elements; the methods below do what is left.
	lanes         int
	expSumWhole   func(x *float32, n int, shift float32) float32
	expScaleWhole func(x *float32, n int, shift, scale float32)
	maxWhole      func(x *float32, n int) float32
	addWhole      func(y, x *float32, n int)
	scaleWhole    func(x *float32, n int, a float32)
	gatedWhole    map[Activation]func(y, gate, value *float32, n int)
	gatedBack     map[Activation]func(dGate, dValue, dy, gate, value *float32, n int)
	dropoutWhole  func(y, x *float32, blocks int, block, row, op, step, key0, key1, below uint32, scale float32)
}

// whole returns how many of n elements the vector loops do: none on the portable path.
func (i *isa) whole(n int) int {
	if i == nil {
		return 0
	}
	return n / i.lanes * i.lanes
}

// gated returns the vector loop of ActivateGated, nil where there is none.
func (i *isa) gated(f Activation) func(y, gate, value *float32, n int) {
	if i == nil {
		return nil
	}
	return i.gatedWhole[f]
}

// gatedBackward returns the vector loop of ActivateGatedBackward, nil where there is none.
func (i *isa) gatedBackward(f Activation) func(dGate, dValue, dy, gate, value *float32, n int) {
	if i == nil {
		return nil
	}
	return i.gatedBack[f]
}

// Paths lists the paths that this processor has, the best first.
func Paths() []string {
	var names []string
	for _, i := range available() {
		names = append(names, i.name)
	}
	return append(names, Portable)
}

// PathFromEnvironment returns the path that PathVariable asks for, or the best one. An unknown path, or one that the
// processor lacks, is an error.
func PathFromEnvironment() (string, error) {
	name := os.Getenv(PathVariable)
	if name == "" {
		return Paths()[0], nil
	}
	for _, p := range Paths() {
		if p == name {
			return p, nil
		}
	}
	return "", fmt.Errorf("%s is %q: this processor has %s", PathVariable, name, strings.Join(Paths(), ", "))
}

// isaByName returns the kernels of a path, nil for the portable one.
func isaByName(name string) *isa {
	for _, i := range available() {
		if i.name == name {
			return i
		}
	}
	return nil
}
