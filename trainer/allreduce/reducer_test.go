//go:build mpi

package allreduce

import (
	"fmt"
	"slices"
	"testing"

	"t5train/model/kernel"
	"t5train/model/op"
)

func init() { scenarios["reduce"] = reduce }

func TestReducer(t *testing.T) { eachFamily(t, "reduce") }

// reduce adds up gradients of sizes that fill less than a bucket, several, and no multiple of a cache line, and a table
// of which the ranks touch few rows, the same ones, none and many. Every rank knows what the others have, and wants the
// bits of the sum in the order of the ranks.
func reduce(group *Group) error {
	params := []*op.Param{
		op.NewParam("table", 1000, 8), op.NewParam("bias", 3), op.NewParam("large", 5, bucketElements/4+1),
		op.NewParam("norm", 17), op.NewParam("one", 1),
	}
	table := params[0]
	r, err := NewReducer(group, params, []*op.Param{table}, kernel.NewWorkers(1))
	if err != nil {
		return err
	}
	for step, rows := range [][][]int32{{{1, 5}, {5, 999}}, {{}, {7}}, {{}, {}}, {many(0), many(1)}, {{2}, {3}}} {
		gradient := func(rank int) (grads [][]float32, rows_ []int32) {
			random := uint64(1 + 10*rank + step)
			for _, p := range params {
				g := make([]float32, len(p.Value))
				for i := range g {
					random = random*6364136223846793005 + 1442695040888963407 // Knuth's generator, for it is fast
					g[i] = float32(int64(random)) * 0x1p-60
				}
				grads = append(grads, g)
			}
			rows_ = rows[rank%2]
			for i := range grads[0] {
				if !slices.Contains(rows_, int32(i/8)) {
					grads[0][i] = 0
				}
			}
			return grads, rows_
		}
		sum := r.Start()
		grads, touched := gradient(group.Rank())
		for i, p := range slices.Backward(params) {
			p.ZeroGrad()
			if p == table {
				p.AddGradRows(touched)
			}
			copy(p.Grad(), grads[i])
			sum.Final(p)
		}
		if err := sum.Wait(); err != nil {
			return err
		}
		want, all := gradient(0)
		for rank := 1; rank < group.Size(); rank++ {
			more, rows := gradient(rank)
			all = append(slices.Clone(all), rows...)
			for i := range want {
				for j, v := range more[i] {
					want[i][j] += v
				}
			}
		}
		for i, p := range params {
			if !slices.Equal(p.Grad(), want[i]) {
				return fmt.Errorf("step %d, rank %d: the sum of %s is wrong", step, group.Rank(), p.Name)
			}
		}
		slices.Sort(all)
		if all = slices.Compact(all); !slices.Equal(table.GradRows(), all) && len(all) < 100 {
			return fmt.Errorf("step %d, rank %d: the sum has the rows %v, want %v", step, group.Rank(),
				table.GradRows(), all)
		}
	}
	return nil
}

// many returns two rows of five.
func many(first int32) []int32 {
	var rows []int32
	for i := first; i < 1000; i += 5 {
		rows = append(rows, i, i+2)
	}
	return rows
}
