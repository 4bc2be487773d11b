package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"t5train/model"
	"t5train/model/kernel"
)

// GemmProduct is the speed of one shape of matrix product. C [M, N] has the depth K; Op tells which operands are
// transposed: N is not, T is, first A and then B.
type GemmProduct struct {
	Op           string  `json:"op"`
	M            int     `json:"m"`
	N            int     `json:"n"`
	K            int     `json:"k"`
	GFLOPSMedian float64 `json:"gflops_median"`
	GFLOPSBest   float64 `json:"gflops_best"`
	PeakShare    float64 `json:"fma_peak_share"` // of the best
}

// GemmResult is the speed of the matrix products of a model.
type GemmResult struct {
	Products   []GemmProduct `json:"products"`
	PeakGFLOPS float64       `json:"fma_peak_gflops"`
	Threads    int           `json:"threads"`
	ISA        string        `json:"kernel"`
	Precision  string        `json:"precision"`
}

// gemmShapes lists the products of a training step over a batch: forward NT, the gradient of the input NN, of the
// weight TN.
func gemmShapes(c model.Config, inputs, targets int) []GemmProduct {
	inner := c.NumHeads * c.DKV
	linear := func(tokens, out, in int) []GemmProduct {
		return []GemmProduct{{Op: "NT", M: tokens, N: out, K: in}, {Op: "NN", M: tokens, N: in, K: out},
			{Op: "TN", M: out, N: in, K: tokens}}
	}
	shapes := linear(inputs, inner, c.DModel)
	shapes = append(shapes, linear(inputs, c.DFF, c.DModel)...)
	shapes = append(shapes, linear(inputs, c.DModel, c.DFF)...)
	return append(shapes, linear(targets, c.VocabSize, c.DModel)...)
}

// Gemm measures the matrix products of a training step over Batch sequences, Steps times each at least.
func Gemm(ctx context.Context, o Options) (*GemmResult, error) {
	w := kernel.NewWorkers(o.Threads).In(o.Precision)
	r := &GemmResult{Products: gemmShapes(o.Model, o.Batch*o.Encoder, o.Batch*o.Decoder), Threads: w.Threads(),
		ISA: w.ISA(), Precision: w.Precision().String()}
	for _, p := range r.Products {
		m, n, k := float64(p.M), float64(p.N), float64(p.K)
		if err := o.checkMemory(4 * (m*k + n*k + m*n)); err != nil {
			return nil, err
		}
	}
	for i := range r.Products {
		r.Products[i].measure(ctx, w, o.Steps)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	r.PeakGFLOPS = kernel.PeakGFLOPS(w)
	for i := range r.Products {
		r.Products[i].PeakShare = r.Products[i].GFLOPSBest / r.PeakGFLOPS
	}
	return r, nil
}

// measure repeats the product for a moment, or until ctx ends.
func (p *GemmProduct) measure(ctx context.Context, w *kernel.Workers, least int) {
	const moment = 300 * time.Millisecond
	lda, ldb := p.K, p.N
	if p.Op[0] == 'T' {
		lda = p.M
	}
	if p.Op[1] == 'T' {
		ldb = p.K
	}
	a, b, c := make([]float32, p.M*p.K), make([]float32, p.N*p.K), make([]float32, p.M*p.N)
	for i := range a {
		a[i] = float32(i%13) - 6
	}
	for i := range b {
		b[i] = float32(i%11) - 5
	}
	multiply := func() {
		kernel.Gemm(w, p.Op[0] == 'T', p.Op[1] == 'T', p.M, p.N, p.K, a, lda, b, ldb, false, c, p.N)
	}
	multiply() // brings the memory in
	var rates []float64
	for begun := time.Now(); len(rates) < least || time.Since(begun) < moment; {
		if len(rates) > 0 && ctx.Err() != nil {
			break
		}
		start := time.Now()
		multiply()
		rates = append(rates, 2*float64(p.M)*float64(p.N)*float64(p.K)/time.Since(start).Seconds()/1e9)
	}
	p.GFLOPSMedian, p.GFLOPSBest = median(rates), slices.Max(rates)
}

// String is the result for a person.
func (r *GemmResult) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%-24s %10s %10s %8s\n", "product", "GFLOP/s", "best", "of peak")
	for _, p := range r.Products {
		fmt.Fprintf(&text, "%-24s %10.1f %10.1f %7.0f%%\n", fmt.Sprintf("%s %dx%dx%d", p.Op, p.M, p.N, p.K),
			p.GFLOPSMedian,
			p.GFLOPSBest, 100*p.PeakShare)
	}
	fmt.Fprintf(&text, "peak %.0f GFLOP/s (%s, %s, %d threads)\n", r.PeakGFLOPS, r.ISA, r.Precision, r.Threads)
	return text.String()
}
