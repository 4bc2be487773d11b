package optim

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"t5train/model/kernel"
)

// AdafactorOptions are the settings of Adafactor. Three ways to set the step size are common:
//
//   - pre-training as the T5 authors did: ScaleParameter, no RelativeStep, schedule "rsqrt";
//   - fine-tuning as they did: the same with the schedule "constant" at 1e-3;
//   - fine-tuning as Hugging Face recommends: neither, "constant" at 1e-3. This is another step size: weights
//     with a root mean square of 0.05 move twenty times further than with ScaleParameter.
type AdafactorOptions struct {
	Eps1           float64 // added to each squared gradient, from 1.2e-38
	Eps2           float64 // least root mean square that ScaleParameter takes a parameter to have, from 0
	ClipThreshold  float64 // greatest root mean square of an update before the learning rate; above 0, +Inf for none
	DecayRate      float64 // power of the step in the decay of squares, beta2 = 1 - step^DecayRate; below 0
	Beta1          float64 // decay of the mean update, in [0, 1); 0 keeps no mean, which saves a copy of the weights
	WeightDecay    float64 // part of a weight taken away per step and unit of its step size, from 0
	ScaleParameter bool    // multiply the learning rate by the root mean square of the parameter
	RelativeStep   bool    // take min(1e-2, 1/sqrt(step)) for the learning rate; that of Step is ignored
	WarmupInit     bool    // with RelativeStep: start with 1e-6*step in place of 1e-2

	// MinDimSizeToFactor is the least size that both of the last two dimensions of a tensor must have for
	// its mean squares to be kept by rows and columns. 0 does so for every tensor of two or more dimensions,
	// as Hugging Face does; T5X and optax take 128. (Of more than two dimensions they factor the largest
	// two, here it is always the last two; T5 has no such weights.)
	MinDimSizeToFactor int
}

// DefaultAdafactor returns the defaults of transformers.Adafactor with the step size that Hugging Face recommends for
// fine-tuning T5: neither ScaleParameter nor RelativeStep, which are both on there.
func DefaultAdafactor() AdafactorOptions {
	return AdafactorOptions{
		Eps1:          1e-30, // Shazeer & Stern 2018, algorithm 6: this and the next three
		Eps2:          1e-3,
		ClipThreshold: 1,
		DecayRate:     -0.8,
	}
}

func (o AdafactorOptions) validate() error {
	const smallest = 0x1p-126 // of normal float32 numbers: mean squares must not round to 0
	var warmup error
	if o.WarmupInit && !o.RelativeStep {
		warmup = errors.New("warmup init without relative step: set relative step, or give a schedule with a warm-up")
	}
	return errors.Join(
		require(o.Eps1 >= smallest, "eps1", o.Eps1, "from 1.2e-38"),
		require(o.Eps2 >= 0, "eps2", o.Eps2, "from 0"),
		require(o.ClipThreshold > 0, "clip threshold", o.ClipThreshold, "above 0 (+Inf turns clipping off)"),
		require(o.DecayRate < 0, "decay rate", o.DecayRate, "below 0, as -0.8"),
		require(o.Beta1 >= 0 && o.Beta1 < 1, "beta1", o.Beta1, "from 0 to below 1"),
		require(o.WeightDecay >= 0, "weight decay", o.WeightDecay, "from 0"),
		warmup,
		require(o.MinDimSizeToFactor >= 0, "least dimension to factor", o.MinDimSizeToFactor, "from 0"),
	)
}

// factors reports whether the mean squares of a tensor are kept as those of its rows and columns.
func (o AdafactorOptions) factors(shape []int) bool {
	n := len(shape)
	return n >= 2 && min(shape[n-2], shape[n-1]) >= o.MinDimSizeToFactor
}

// stepSize is the factor of the normalised update of a parameter with the given root mean square.
func (o AdafactorOptions) stepSize(step int64, lr, rms float64) float64 {
	if o.RelativeStep {
		limit := 1e-2
		if o.WarmupInit {
			limit = 1e-6 * float64(step)
		}
		lr = min(limit, 1/math.Sqrt(float64(step)))
	}
	if o.ScaleParameter {
		lr *= max(o.Eps2, rms)
	}
	return lr
}

// decay is beta2 of a step from 1: the part of the mean squares that is kept, none of it at first.
func (o AdafactorOptions) decay(step int64) float64 {
	return 1 - math.Pow(float64(step), o.DecayRate)
}

// Adafactor is the optimizer T5 was trained with (Shazeer & Stern 2018, algorithms 4 and 5), with the
// settings of transformers.Adafactor. For a matrix it keeps the mean squared gradient of each row and each
// column only: rows + columns numbers, where Adam keeps 2 x rows x columns.
//
// The slots of a parameter of shape [..., rows, columns] are exp_avg_sq_row [..., rows] and exp_avg_sq_col
// [..., columns], or, not factored, exp_avg_sq of the parameter's shape; with Beta1 also exp_avg.
type Adafactor struct {
	memory
	options AdafactorOptions
	workers *kernel.Workers
	loops   *kernel.OptimizerLoops
	moments []moments // of each parameter
	sums    sync.Pool // *columnSums
}

// moments are the slots of one parameter.
type moments struct {
	grid     grid      // where factored
	row, col []float32 // where factored
	full     []float32 // where not
	mean     []float32 // with Beta1
}

// NewAdafactor returns an Adafactor for the parameters, whose gradients it does not look at yet.
func NewAdafactor(options AdafactorOptions, params []Param, w *kernel.Workers) (*Adafactor, error) {
	if err := options.validate(); err != nil {
		return nil, fmt.Errorf("adafactor: %w", err)
	}
	m, err := newMemory(params)
	if err != nil {
		return nil, fmt.Errorf("adafactor: %w", err)
	}
	a := &Adafactor{memory: m, options: options, workers: w, loops: w.OptimizerLoops()}
	for _, p := range params {
		var s moments
		if options.factors(p.Shape) {
			batch, last := p.Shape[:len(p.Shape)-2], p.Shape[len(p.Shape)-2:]
			s.grid = newGrid(elements(batch), last[0], last[1])
			s.row = a.slot(p.Name, "exp_avg_sq_row", append(slices.Clone(batch), last[0])...)
			s.col = a.slot(p.Name, "exp_avg_sq_col", append(slices.Clone(batch), last[1])...)
		} else {
			s.full = a.slot(p.Name, "exp_avg_sq", p.Shape...)
		}
		if options.Beta1 > 0 {
			s.mean = a.slot(p.Name, "exp_avg", p.Shape...)
		}
		a.moments = append(a.moments, s)
	}
	return a, nil
}

// Step implements Optimizer. With RelativeStep it takes no notice of lr.
func (a *Adafactor) Step(lr float64, params []Param) error {
	if a.options.RelativeStep {
		lr = 0
	}
	if err := a.begin(lr, params); err != nil {
		return fmt.Errorf("adafactor step: %w", err)
	}
	eachTensor(a.workers, params, func(i int, within spread) {
		if s := a.moments[i]; s.full != nil {
			a.updateFull(params[i], s, lr, within)
		} else {
			a.updateFactored(params[i], s, lr, within)
		}
	})
	return nil
}
