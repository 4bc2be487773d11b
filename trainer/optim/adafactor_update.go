package optim

import (
	"math"

	"t5train/model/kernel"
)

// updateFull updates a parameter whose mean squares are kept one by one:
//
//	v = beta2*v + (1-beta2)*(g^2+eps1)
//	u = g / sqrt(v)
func (a *Adafactor) updateFull(p Param, s moments, lr float64, within spread) {
	n := len(p.Value)
	decay := a.options.decay(a.step)
	valueSquares := make([]float64, kernel.Blocks(n, blockSize))
	updateSquares := make([]float64, len(valueSquares))
	within.eachBlock(n, func(block, from, to int) {
		valueSquares[block] = a.valueSquares(p.Value[from:to])
		updateSquares[block] = a.loops.Moments(s.full[from:to], p.Grad[from:to], decay, 1-decay, a.options.Eps1)
	})
	m := a.newMove(lr, p, total(valueSquares)/float64(n), total(updateSquares)/float64(n))
	within.eachBlock(n, func(_, from, to int) {
		x, g, v := p.Value[from:to], p.Grad[from:to], s.full[from:to]
		if s.mean == nil {
			a.loops.Full(x, g, v, m.rate, m.shrink)
		} else {
			a.loops.FullMean(x, s.mean[from:to], g, v, m.beta1, m.rate, m.shrink)
		}
	})
}

// updateFactored updates a parameter whose mean squares are kept by rows and columns:
//
//	row[i] = beta2*row[i] + (1-beta2)*(mean of g[i,:]^2 + eps1), col[j] likewise
//	u[i,j] = g[i,j] * sqrt(mean(row)/row[i]) * sqrt(1/col[j])
//
// The gradient is read twice, once for the squares and once to move. The sum of u^2, by which an update is clipped,
// comes from the first time, because it is mean(row) times the sum over j of (sum over i of g[i,j]^2/row[i]) / col[j].
func (a *Adafactor) updateFactored(p Param, s moments, lr float64, within spread) {
	tiles, cols, n := s.grid.tiles, s.grid.cols, len(p.Value)
	decay := a.options.decay(a.step)
	average := func(old float32, mean float64) float32 { // the conversions keep Go from fusing, as in the loops
		return float32(float64(decay*float64(old)) + float64((1-decay)*(mean+a.options.Eps1)))
	}

	valueSquares := make([]float64, len(tiles))
	sums := a.borrow(len(tiles) * cols) // each tile's own, added up in order below
	defer a.sums.Put(sums)
	within(len(tiles), func(t int) {
		tile, sum, weighted := tiles[t], sums.plain[t*cols:][:cols], sums.weighted[t*cols:][:cols]
		clear(sum)
		clear(weighted)
		next := tile.from
		idle := func(to int) { // rows without a gradient
			for ; next < to; next++ {
				s.row[next] = average(s.row[next], 0)
			}
		}
		for r := range p.touched(tile.from, tile.to) {
			idle(r)
			g := p.gradRow(r)
			s.row[r] = average(s.row[r], a.loops.SumSquares(g)/float64(cols))
			a.loops.AddSquares(sum, weighted, g, 1/float64(s.row[r])) // finds g in the first cache
			next = r + 1
		}
		idle(tile.to)
		valueSquares[t] = a.valueSquares(p.Value[tile.from*cols : tile.to*cols])
	})
	for k, sum := range s.grid.sumColumns(sums.plain) {
		s.col[k] = average(s.col[k], sum/float64(s.grid.rows))
	}

	f := s.grid.newFactors(s.row, s.col)
	m := a.newMove(lr, p, total(valueSquares)/float64(n),
		f.updateSquares(s.col, s.grid.sumColumns(sums.weighted))/float64(n))
	moving := p
	if s.mean != nil || m.shrink > 0 {
		moving.Rows = nil // weights without a gradient move too
	}
	within(len(tiles), func(t int) {
		tile := tiles[t]
		col := f.col[tile.matrix*cols:][:cols]
		for r := range moving.touched(tile.from, tile.to) {
			x, g := p.Value[r*cols:][:cols], p.gradRow(r)
			if s.mean == nil {
				a.loops.Factored(x, g, col, f.row[r], m.rate, m.shrink)
			} else {
				a.loops.FactoredMean(x, s.mean[r*cols:][:cols], g, col, f.row[r], m.beta1, m.rate, m.shrink)
			}
		}
	})
}

// columnSums are the sums over the columns of each tile, [tiles, cols]: of g^2 and of g^2/row.
type columnSums struct{ plain, weighted []float64 }

// borrow returns sums of n elements with undefined content. Memory used before is in the caches, and new memory costs
// more than the work in it.
func (a *Adafactor) borrow(n int) *columnSums {
	s, _ := a.sums.Get().(*columnSums)
	if s == nil || cap(s.plain) < n {
		s = &columnSums{make([]float64, n), make([]float64, n)}
	}
	s.plain, s.weighted = s.plain[:n], s.weighted[:n]
	return s
}

// valueSquares is the sum of squared weights where the step size follows it.
func (a *Adafactor) valueSquares(x []float32) float64 {
	if !a.options.ScaleParameter {
		return 0
	}
	return a.loops.SumSquares(x)
}

// move is how far the weights of one parameter go.
type move struct {
	beta1  float32
	rate   float32 // factor of the update: the step size, less where the update is clipped, and the new part of a mean
	shrink float32 // part of the weights that decays
}

// newMove takes the mean squares of the weights and of the update.
func (a *Adafactor) newMove(lr float64, p Param, value, update float64) move {
	size := a.options.stepSize(a.step, lr, math.Sqrt(value)) * p.rate()
	return move{
		beta1:  float32(a.options.Beta1),
		rate:   float32((1 - a.options.Beta1) * size / max(1, math.Sqrt(update)/a.options.ClipThreshold)),
		shrink: float32(size * p.decay(a.options.WeightDecay)),
	}
}

// grid cuts the matrices over a tensor's last two dimensions into tiles of whole rows. Rows are numbered
// through all matrices, so row r is the elements from r*cols.
type grid struct {
	matrices, rows, cols int // rows and cols of one matrix
	tiles                []tile
}

// tile is the rows [from, to) of one matrix.
type tile struct{ matrix, from, to int }

// maxTiles bounds the tiles of a matrix, each of which has column sums of its own: without it those of a
// 1024 x 65536 matrix would take twice the memory of the matrix.
const maxTiles = 64

func newGrid(matrices, rows, cols int) grid {
	g := grid{matrices: matrices, rows: rows, cols: cols}
	step := max(1, blockSize/cols, (rows+maxTiles-1)/maxTiles)
	for m := range matrices {
		end := (m + 1) * rows
		for from := m * rows; from < end; from += step {
			g.tiles = append(g.tiles, tile{matrix: m, from: from, to: min(from+step, end)})
		}
	}
	return g
}

// sumColumns adds up the column sums of all tiles, [tiles, cols], to those of the matrices, [matrices, cols].
func (g grid) sumColumns(tileSums []float64) []float64 {
	sums := make([]float64, g.matrices*g.cols)
	for t, tile := range g.tiles {
		sum := sums[tile.matrix*g.cols:][:g.cols]
		for j, v := range tileSums[t*g.cols:][:g.cols] {
			sum[j] += v
		}
	}
	return sums
}

// factors are what the gradient is multiplied with: sqrt(mean(row)/row) by row and sqrt(1/col) by column.
type factors struct {
	row, col []float32
	mean     []float64 // of the rows of each matrix
}

func (g grid) newFactors(row, col []float32) factors {
	f := factors{make([]float32, len(row)), make([]float32, len(col)), make([]float64, g.matrices)}
	for m := range g.matrices {
		rows := row[m*g.rows:][:g.rows]
		for _, v := range rows {
			f.mean[m] += float64(v)
		}
		f.mean[m] /= float64(g.rows)
		for i, v := range rows {
			f.row[m*g.rows+i] = float32(math.Sqrt(f.mean[m] / float64(v)))
		}
	}
	for j, v := range col {
		f.col[j] = float32(1 / math.Sqrt(float64(v)))
	}
	return f
}

// updateSquares is the sum of squared updates, from the mean squares of columns and the column sums of g^2/row.
func (f factors) updateSquares(col []float32, weighted []float64) float64 {
	cols := len(col) / len(f.mean)
	var sum float64
	for k, v := range weighted {
		sum += f.mean[k/cols] * v / float64(col[k])
	}
	return sum
}
