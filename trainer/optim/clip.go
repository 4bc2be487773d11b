package optim

import "math"

// GlobalNorm returns the Euclidean norm of all gradients taken as one vector. A gradient that is not finite
// makes the norm so.
func GlobalNorm(params []Param, parallel Parallel) float64 {
	sums := make([]float64, len(params))
	parallel.eachTensor(params, func(i int, within Parallel) {
		g := params[i].Grad
		partial := make([]float64, blocks(len(g)))
		within.eachBlock(len(g), func(block, from, to int) {
			partial[block] = sumSquares(g[from:to])
		})
		sums[i] = total(partial)
	})
	return math.Sqrt(total(sums))
}

// ClipGlobalNorm scales all gradients by min(1, limit/(norm+1e-6)), as torch.nn.utils.clip_grad_norm_ does,
// and returns the norm from before. A limit of 0 only measures. Gradients whose norm is not finite
// stay as they are: look at the norm before using them.
func ClipGlobalNorm(params []Param, limit float64, parallel Parallel) float64 {
	norm := GlobalNorm(params, parallel)
	factor := limit / (norm + 1e-6) // 1e-6: torch.nn.utils.clip_grad_norm_
	if limit <= 0 || math.IsInf(norm, 0) || !(factor < 1) {
		return norm
	}
	parallel.eachTensor(params, func(i int, within Parallel) {
		g := params[i].Grad
		within.eachBlock(len(g), func(_, from, to int) {
			scale(g[from:to], float32(factor))
		})
	})
	return norm
}

// total adds in order, so that the sum does not depend on who filled x.
func total(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum
}
