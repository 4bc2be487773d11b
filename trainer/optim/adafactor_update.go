package optim

import "math"

// updateFull updates a parameter whose mean squares are kept one by one:
//
//	v = beta2*v + (1-beta2)*(g^2+eps1)
//	u = g / sqrt(v)
func (a *Adafactor) updateFull(p Param, s moments, lr float64, within Parallel) {
	n := len(p.Value)
	decay := a.options.decay(a.step)
	valueSquares := make([]float64, blocks(n))
	updateSquares := make([]float64, blocks(n))
	within.eachBlock(n, func(block, from, to int) {
		valueSquares[block] = a.valueSquares(p.Value[from:to])
		updateSquares[block] = fullMoments(s.full[from:to], p.Grad[from:to], decay, a.options.Eps1)
	})
	move := a.newMove(lr, rms(valueSquares, n), rms(updateSquares, n))
	within.eachBlock(n, func(_, from, to int) {
		move.apply(p, s, from, to, func(x []float32, keep, add float32) {
			fullBlend(x, p.Grad[from:to], s.full[from:to], keep, add)
		})
	})
}

// updateFactored updates a parameter whose mean squares are kept by rows and columns:
//
//	row[i] = beta2*row[i] + (1-beta2)*(mean of g[i,:]^2 + eps1), col[j] likewise
//	u[i,j] = g[i,j] * sqrt(mean(row)/row[i]) * sqrt(1/col[j])
func (a *Adafactor) updateFactored(p Param, s moments, lr float64, within Parallel) {
	tiles, cols, n := s.grid.tiles, s.grid.cols, len(p.Value)
	decay := a.options.decay(a.step)
	average := func(old float32, mean float64) float32 {
		return float32(decay*float64(old) + (1-decay)*(mean+a.options.Eps1))
	}

	valueSquares := make([]float64, len(tiles))
	colSums := make([]float64, len(tiles)*cols) // each tile's own, added up in order below
	within.run(len(tiles), func(t int) {
		tile, sums := tiles[t], colSums[t*cols:][:cols]
		for r := tile.from; r < tile.to; r++ {
			s.row[r] = average(s.row[r], squareSums(sums, p.Grad[r*cols:][:cols])/float64(cols))
		}
		valueSquares[t] = a.valueSquares(p.Value[tile.from*cols : tile.to*cols])
	})
	for k, sum := range s.grid.sumColumns(colSums) {
		s.col[k] = average(s.col[k], sum/float64(s.grid.rows))
	}

	rowFactor, colFactor := s.grid.factors(s.row, s.col)
	updateSquares := make([]float64, len(tiles))
	within.run(len(tiles), func(t int) {
		tile := tiles[t]
		col := colFactor[tile.matrix*cols:][:cols]
		var sum float64
		for r := tile.from; r < tile.to; r++ {
			sum += factoredSquares(p.Grad[r*cols:][:cols], rowFactor[r], col)
		}
		updateSquares[t] = sum
	})

	move := a.newMove(lr, rms(valueSquares, n), rms(updateSquares, n))
	within.run(len(tiles), func(t int) {
		tile := tiles[t]
		col := colFactor[tile.matrix*cols:][:cols]
		move.apply(p, s, tile.from*cols, tile.to*cols, func(x []float32, keep, add float32) {
			for r := tile.from; r < tile.to; r++ {
				factoredBlend(x[(r-tile.from)*cols:][:cols], p.Grad[r*cols:][:cols], rowFactor[r], col, keep, add)
			}
		})
	})
}

// valueSquares is the sum of squared weights where the step size follows it.
func (a *Adafactor) valueSquares(x []float32) float64 {
	if !a.options.ScaleParameter {
		return 0
	}
	return sumSquares(x)
}

// rms is the root mean square of n elements from the sums of their squares.
func rms(squares []float64, n int) float64 {
	return math.Sqrt(total(squares) / float64(n))
}

// move is how far the weights of one parameter go.
type move struct {
	rate   float64 // factor of the update: the step size, less where the update is clipped
	shrink float64 // part of the weights that decays
	beta1  float64
}

func (a *Adafactor) newMove(lr, valueRMS, updateRMS float64) move {
	size := a.options.stepSize(a.step, lr, valueRMS)
	return move{
		rate:   size / max(1, updateRMS/a.options.ClipThreshold),
		shrink: size * a.options.WeightDecay,
		beta1:  a.options.Beta1,
	}
}

// apply moves the weights [from, to). blend sets x = keep*x + add*u, with u the update of these weights.
func (m move) apply(p Param, s moments, from, to int, blend func(x []float32, keep, add float32)) {
	value := p.Value[from:to]
	if m.shrink > 0 {
		shrink(value, float32(m.shrink))
	}
	if s.mean == nil {
		blend(value, 1, float32(-m.rate))
		return
	}
	mean := s.mean[from:to]
	blend(mean, float32(m.beta1), float32((1-m.beta1)*m.rate))
	subtract(value, mean)
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

// factors returns what the gradient is multiplied with: sqrt(mean(row)/row) by row and sqrt(1/col) by column.
func (g grid) factors(row, col []float32) (rowFactor, colFactor []float32) {
	rowFactor, colFactor = make([]float32, len(row)), make([]float32, len(col))
	for m := range g.matrices {
		rows := row[m*g.rows:][:g.rows]
		var sum float64
		for _, v := range rows {
			sum += float64(v)
		}
		mean := sum / float64(g.rows)
		for i, v := range rows {
			rowFactor[m*g.rows+i] = float32(math.Sqrt(mean / float64(v)))
		}
	}
	for j, v := range col {
		colFactor[j] = float32(1 / math.Sqrt(float64(v)))
	}
	return rowFactor, colFactor
}
