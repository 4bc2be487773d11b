package trainer

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"t5train/configs"
	"t5train/model"
	"t5train/model/decode"
	"t5train/model/kernel"
	"t5train/trainer/optim"
)

// BenchOptions are the shapes of a measurement. The model has random weights and the batch random tokens, which cost
// what real ones do.
type BenchOptions struct {
	Model     model.Config
	Batch     int // sequences
	Encoder   int // input tokens of each
	Decoder   int // target tokens of each, or tokens to generate
	Steps     int // measured
	Warmup    int // before that
	Threads   int
	Optimizer string
}

// BenchResult is what a measurement found. Times are wall-clock seconds.
type BenchResult struct {
	StepMedian    float64   `json:"step_s_median"`
	StepMin       float64   `json:"step_s_min"`
	StepAll       []float64 `json:"step_s_all"`
	TokensPerS    float64   `json:"tokens_per_s"`      // input and target tokens by the median step; generated ones for generation
	TokensBest    float64   `json:"tokens_per_s_best"` // by the best step
	Optimizer     float64   `json:"optimizer_s_median,omitempty"`
	GemmShare     float64   `json:"gemm_share"`     // part of the time that large matrix products take
	PeakShare     float64   `json:"fma_peak_share"` // part of the measured peak that all matrix products together reach
	PeakGFLOPS    float64   `json:"fma_peak_gflops"`
	Parameters    int64     `json:"params"`
	AllocsPerStep uint64    `json:"allocs_per_step"`
	PeakRSS       float64   `json:"peak_rss_mb"`
	Loss          []float64 `json:"loss_first_last,omitempty"`
	Threads       int       `json:"threads"`
	Path          string    `json:"kernel"`
}

// BenchTrain measures training steps: forward and backward pass, clipping off, and the optimizer.
func BenchTrain(o BenchOptions) (*BenchResult, error) {
	w := kernel.NewWorkers(o.Threads)
	m, err := newBenchModel(o.Model)
	if err != nil {
		return nil, err
	}
	graph, err := m.LossGraph(w, model.LossOptions{Dropout: float32(o.Model.DropoutRate), Gradients: true})
	if err != nil {
		return nil, err
	}
	defer graph.Close()
	c := configs.Default()
	c.Optimizer.Name = o.Optimizer
	c.Resolve()
	s := &stepper{graph: graph, params: m.Params, parallel: w.Run}
	if s.optimizer, err = newOptimizer(c.Optimizer, optimParams(m.Params), w); err != nil {
		return nil, err
	}
	timed := &timedOptimizer{Optimizer: s.optimizer}
	s.optimizer = timed
	if s.schedule, err = newSchedule(c, o.Steps+o.Warmup); err != nil {
		return nil, err
	}
	batch := []model.Batch{randomBatch(o)}
	var losses []float64
	r, err := measure(o, w, func(i int) error {
		result, err := s.step(i, int64(i), batch)
		losses = append(losses, result.Loss)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.count(o.Batch * (o.Encoder + o.Decoder))
	r.Optimizer = median(timed.seconds[o.Warmup:])
	r.Parameters = o.Model.Parameters()
	r.Loss = []float64{losses[0], losses[len(losses)-1]}
	return r, nil
}

// BenchGenerate measures greedy generation of Decoder tokens from each of Batch inputs; no sequence ends early.
func BenchGenerate(o BenchOptions) (*BenchResult, error) {
	w := kernel.NewWorkers(o.Threads)
	m, err := newBenchModel(o.Model)
	if err != nil {
		return nil, err
	}
	g, err := decode.New(m, w)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	b := randomBatch(o)
	inputs := make([][]int32, o.Batch)
	for i := range inputs {
		inputs[i] = b.EncoderIDs[b.EncoderOffsets[i]:b.EncoderOffsets[i+1]]
	}
	r, err := measure(o, w, func(int) error {
		_, err := g.GreedyExactly(inputs, o.Decoder)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.count(o.Batch * o.Decoder)
	r.Parameters = o.Model.Parameters()
	return r, nil
}

func newBenchModel(c model.Config) (*model.T5, error) {
	m, err := model.New(c)
	if err == nil {
		m.Init(1)
	}
	return m, err
}

// measure runs the warm-up and the measured steps.
func measure(o BenchOptions, w *kernel.Workers, step func(i int) error) (*BenchResult, error) {
	for i := range o.Warmup {
		if err := step(i); err != nil {
			return nil, err
		}
	}
	r := &BenchResult{Threads: w.Threads(), Path: w.Path()}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work := w.Measure()
	for i := range o.Steps {
		begun := time.Now()
		if err := step(o.Warmup + i); err != nil {
			return nil, err
		}
		r.StepAll = append(r.StepAll, time.Since(begun).Seconds())
	}
	flops, seconds := work()
	runtime.ReadMemStats(&after)
	total := 0.0
	for _, s := range r.StepAll {
		total += s
	}
	r.StepMedian, r.StepMin = median(r.StepAll), slices.Min(r.StepAll)
	r.AllocsPerStep = (after.Mallocs - before.Mallocs) / uint64(o.Steps)
	r.GemmShare = seconds / total
	r.PeakGFLOPS = kernel.PeakGFLOPS(w)
	r.PeakShare = flops / total / 1e9 / r.PeakGFLOPS
	r.PeakRSS = peakRSS()
	return r, nil
}

func (r *BenchResult) count(tokens int) {
	r.TokensPerS, r.TokensBest = float64(tokens)/r.StepMedian, float64(tokens)/r.StepMin
}

func randomBatch(o BenchOptions) model.Batch {
	r := rand.New(rand.NewPCG(1, 1))
	b := model.Batch{EncoderOffsets: []int32{0}, DecoderOffsets: []int32{0}}
	// Ordinary pieces: behind the special ones and before the sentinels.
	token := func() int32 { return int32(3 + r.IntN(max(1, o.Model.VocabSize-103))) }
	for range o.Batch {
		for range o.Encoder {
			b.EncoderIDs = append(b.EncoderIDs, token())
		}
		b.EncoderOffsets = append(b.EncoderOffsets, int32(len(b.EncoderIDs)))
		last := int32(o.Model.DecoderStartTokenID)
		for range o.Decoder {
			label := token()
			b.DecoderIDs, b.Labels = append(b.DecoderIDs, last), append(b.Labels, label)
			last = label
		}
		b.DecoderOffsets = append(b.DecoderOffsets, int32(len(b.DecoderIDs)))
	}
	return b
}

// timedOptimizer measures the steps of an optimizer.
type timedOptimizer struct {
	optim.Optimizer
	seconds []float64
}

func (t *timedOptimizer) Step(lr float64, params []optim.Param) error {
	begun := time.Now()
	err := t.Optimizer.Step(lr, params)
	t.seconds = append(t.seconds, time.Since(begun).Seconds())
	return err
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
func (r *BenchResult) String() string {
	text := fmt.Sprintf("step %.4f s (median of %d), best %.4f s: %.0f tokens/s\n", r.StepMedian, len(r.StepAll), r.StepMin, r.TokensPerS)
	if r.Optimizer > 0 {
		text += fmt.Sprintf("optimizer %.4f s\n", r.Optimizer)
	}
	return text + fmt.Sprintf("matrix products: %.0f %% of the time, %.0f %% of the peak of %.0f GFLOP/s over the whole step (%s, %d threads)\npeak memory %.0f MB, %d allocations a step\n",
		100*r.GemmShare, 100*r.PeakShare, r.PeakGFLOPS, r.Path, r.Threads, r.PeakRSS, r.AllocsPerStep)
}
