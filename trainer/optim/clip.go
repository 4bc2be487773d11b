package optim

import (
	"math"

	"t5train/model/kernel"
)

// GlobalNorm returns the Euclidean norm of all gradients taken as one vector. A gradient that is not finite
// makes the norm so.
func GlobalNorm(params []Param, w *kernel.Workers) float64 {
	loops := w.OptimizerLoops()
	sums := make([]float64, len(params))
	eachTensor(w, params, func(i int, within spread) {
		p := params[i]
		partial := make([]float64, p.rowBlocks())
		within.eachRow(p, func(block, r int) { partial[block] += loops.SumSquares(p.gradRow(r)) })
		sums[i] = total(partial)
	})
	return math.Sqrt(total(sums))
}

// ClipGlobalNorm scales all gradients by min(1, limit/(norm+1e-6)), as torch.nn.utils.clip_grad_norm_ does,
// and returns the norm from before. A limit of 0 only measures. Gradients whose norm is not finite
// stay as they are: look at the norm before using them.
func ClipGlobalNorm(params []Param, limit float64, w *kernel.Workers) float64 {
	norm := GlobalNorm(params, w)
	factor := limit / (norm + 1e-6) // 1e-6: torch.nn.utils.clip_grad_norm_
	if limit <= 0 || math.IsInf(norm, 0) || !(factor < 1) {
		return norm
	}
	loops := w.OptimizerLoops()
	eachTensor(w, params, func(i int, within spread) {
		p := params[i]
		within.eachRow(p, func(_, r int) { loops.Scale(p.gradRow(r), float32(factor)) })
	})
	return norm
}
