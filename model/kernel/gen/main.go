// Command gen writes the assembly of package kernel: run `go generate` in its folder.
//
// It is a module of its own, so that the generator (github.com/mmcloughlin/avo) is no dependency of t5train.
package main

import "github.com/mmcloughlin/avo/build"

func main() {
	build.ConstraintExpr("amd64")
	for rows := 1; rows <= isa512.rows; rows++ {
		gemm(isa512, "gemm", rows, "", addProducts)
	}
	for rows := 1; rows <= isa256.rows; rows++ {
		gemm(isa256, "gemm", rows, "", addProducts)
	}
	transpose512()
	transpose256()
	for _, rows := range []int{1, 2, 4} {
		dotTile(isa512, rows)
	}
	for _, rows := range []int{1, 2} {
		dotTile(isa256, rows)
	}
	for _, i := range []isa{isa512, isa256} {
		split(i, "A", i.rows)
		split(i, "B", 2*i.lanes())
	}
	for rows := 1; rows <= isa512.rows; rows++ {
		int8Tile(rows)
	}
	pairs()
	maximum(isa512, "absMaximum", true)
	quantize(isa512)
	for _, i := range []isa{isa512, isa256} {
		unpackBytes(i)
		bfloat16(i)
		widenPairs(i)
		rows(i)
		activations(i)
		dropout(i)
		optimizers(i)
	}
	build.Generate()
}
