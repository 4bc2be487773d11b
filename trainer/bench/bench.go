package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"t5train/internal/sysinfo"
	"t5train/model"
	"t5train/model/kernel"
)

// Options are the shapes of a measurement. The model has random weights and the batch random tokens, which cost
// what real ones do.
type Options struct {
	Model     model.Config
	Batch     int // sequences
	Encoder   int // input tokens of each
	Decoder   int // target tokens of each, or tokens to generate
	Beams     int // of generation; 0 and 1 are greedy
	Steps     int // measured
	Warmup    int // before that
	Threads   int
	Optimizer string
	Recompute bool             // train.recompute
	Precision kernel.Precision // of the products
	DType     string           // of the weights in memory, of generation only: float32, bfloat16 or int8

	// Parquet files of text pairs that replace the random tokens of training, and their columns where the schema leaves
	// a choice.
	Data         []string
	TextColumns  []string
	TargetColumn string
}

// Result is what a measurement of training or generation found. Times are wall-clock seconds.
type Result struct {
	StepMedian float64   `json:"step_s_median"`
	StepMin    float64   `json:"step_s_min"`
	StepAll    []float64 `json:"step_s_all"`
	// input and target tokens by the median step; generated ones for generation
	TokensPerS    float64   `json:"tokens_per_s"`
	TokensBest    float64   `json:"tokens_per_s_best"` // by the best step
	TargetsPerS   float64   `json:"target_tokens_per_s,omitempty"`
	Optimizer     float64   `json:"optimizer_s_median,omitempty"`
	GemmShare     float64   `json:"gemm_share"`     // part of the time that large matrix products take
	PeakShare     float64   `json:"fma_peak_share"` // part of the measured peak that all matrix products together reach
	PeakGFLOPS    float64   `json:"fma_peak_gflops"`
	Parameters    int64     `json:"params"`
	AllocsPerStep uint64    `json:"allocs_per_step"`
	PeakRSS       float64   `json:"peak_rss_mb"`
	Activations   float64   `json:"activations_mb,omitempty"` // and their gradients: what is reserved for them
	Loss          []float64 `json:"loss_first_last,omitempty"`
	Threads       int       `json:"threads"`
	ISA           string    `json:"kernel"`
	Precision     string    `json:"precision"`
}

func newBenchModel(c model.Config) (*model.T5, error) {
	m, err := model.New(c)
	if err == nil {
		m.Init(1)
	}
	return m, err
}

func (o Options) checkMemory(bytes float64) error {
	if err := sysinfo.CheckMemory(bytes, "make the model, the batch or the texts smaller"); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

// activationBytes is the least that the activations of a training step take: the input of each block, also where blocks
// are computed again. Text of files has lengths of its own.
func (o Options) activationBytes() float64 {
	if len(o.Data) > 0 {
		return 0
	}
	positions := float64(o.Encoder)*float64(o.Model.NumLayers) + float64(o.Decoder)*float64(o.Model.NumDecoderLayers)
	return 4 * float64(o.Batch) * positions * float64(o.Model.DModel)
}

// cacheBytes is the least that generation keeps of all tokens: a key and a value of each head.
func (o Options) cacheBytes() float64 {
	sequences := float64(o.Batch) * float64(max(1, o.Beams))
	heads := float64(o.Model.NumDecoderLayers) * float64(o.Model.NumHeads) * float64(o.Model.DKV)
	return 8 * sequences * float64(o.Decoder) * heads
}

// measure runs the warm-up and the measured steps until ctx ends. step returns how many tokens it has worked on.
func measure(ctx context.Context, o Options, w *kernel.Workers, step func(i int) (tokens int, err error)) (*Result,
	error) {
	for i := range o.Warmup {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, err := step(i); err != nil {
			return nil, err
		}
	}
	r := &Result{Threads: w.Threads(), ISA: w.ISA(), Precision: w.Precision().String(),
		Parameters: o.Model.Parameters()}
	var before, after runtime.MemStats
	var rates []float64 // tokens a second
	total := 0.0
	runtime.ReadMemStats(&before)
	work := w.Measure()
	for i := range o.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		begun := time.Now()
		tokens, err := step(o.Warmup + i)
		if err != nil {
			return nil, err
		}
		seconds := time.Since(begun).Seconds()
		r.StepAll, rates = append(r.StepAll, seconds), append(rates, float64(tokens)/seconds)
		total += seconds
	}
	flops, seconds := work()
	runtime.ReadMemStats(&after)
	r.StepMedian, r.StepMin = median(r.StepAll), slices.Min(r.StepAll)
	r.TokensPerS, r.TokensBest = median(rates), slices.Max(rates)
	r.AllocsPerStep = (after.Mallocs - before.Mallocs) / uint64(o.Steps)
	r.GemmShare = seconds / total
	r.PeakGFLOPS = kernel.PeakGFLOPS(w)
	r.PeakShare = flops / total / 1e9 / r.PeakGFLOPS
	r.PeakRSS = sysinfo.PeakRSS()
	return r, nil
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	n := len(s)
	if n == 0 {
		return 0
	}
	return (s[(n-1)/2] + s[n/2]) / 2
}

// String is the result for a person.
func (r *Result) String() string {
	text := fmt.Sprintf("step %.4f s (median of %d), best %.4f s: %.0f tokens/s", r.StepMedian, len(r.StepAll),
		r.StepMin,
		r.TokensPerS)
	if r.TargetsPerS > 0 {
		text += fmt.Sprintf(", %.0f of them targets", r.TargetsPerS)
	}
	if r.Optimizer > 0 {
		text += fmt.Sprintf("\noptimizer %.4f s", r.Optimizer)
	}
	if r.Activations > 0 {
		text += fmt.Sprintf("\nreserved for activations and their gradients %.0f MB", r.Activations)
	}
	return text + fmt.Sprintf("\nmatrix products: %.0f %% of the time, %.0f %% of the peak of %.0f GFLOP/s over the "+
		"whole step (%s, %s, %d threads)\npeak memory %.0f MB, %d allocations a step\n",
		100*r.GemmShare, 100*r.PeakShare, r.PeakGFLOPS, r.ISA, r.Precision, r.Threads, r.PeakRSS, r.AllocsPerStep)
}
