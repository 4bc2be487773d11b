// Command gen writes the assembly of package kernel: run `go generate` in its folder.
//
// It is a module of its own, so that the generator (github.com/mmcloughlin/avo) is no dependency of t5train.
package main

import "github.com/mmcloughlin/avo/build"

func main() {
	build.ConstraintExpr("amd64")
	for rows := 1; rows <= wide.rows; rows++ {
		gemm(wide, rows)
	}
	for rows := 1; rows <= narrow.rows; rows++ {
		gemm(narrow, rows)
	}
	transpose512()
	transpose256()
	for _, rows := range []int{1, 2, 4} {
		dotTile(wide, rows)
	}
	for _, rows := range []int{1, 2} {
		dotTile(narrow, rows)
	}
	for _, i := range []isa{wide, narrow} {
		split(i, "A", i.rows)
		split(i, "B", 2*i.lanes())
	}
	for rows := 1; rows <= wide.rows; rows++ {
		int8Tile(rows)
	}
	maximum(wide, "absMaximum", true)
	quantize(wide)
	for _, i := range []isa{wide, narrow} {
		unpackBytes(i)
		rows(i)
		activations(i)
		dropout(i)
		optimizers(i)
	}
	build.Generate()
}
