package optim

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// ScheduleOptions are the settings of a learning-rate schedule.
type ScheduleOptions struct {
	// base learning rate, from 0; the peak of every schedule but "rsqrt", where 1 gives 0.01 up to step 10,000
	LR float64
	// steps of warm-up; with "inverse_sqrt" 0 means a time scale of 10,000, with "rsqrt" the rate is flat for so long
	Warmup int64
	Total  int64 // steps of the run, for schedules that come down to an end
}

// Schedule is a learning rate by step.
type Schedule struct {
	options ScheduleOptions
	factor  func(o ScheduleOptions, step int64) float64
}

// LR returns the learning rate of a step, the first being 0.
func (s Schedule) LR(step int64) float64 {
	if s.factor == nil { // the zero value
		return 0
	}
	return s.options.LR * s.factor(s.options, step)
}

// The names of the schedules that are chosen where a person names none.
const (
	NameConstant = "constant"
	NameLinear   = "linear"
	NameRSqrt    = "rsqrt"
)

// ScheduleKind is one shape of schedule; the zero value stands for a name that is not known.
type ScheduleKind struct {
	Name string
	Flat bool // one rate for the whole run: it has no warm-up, and suits an optimizer with a rate of its own
	// The rate is divided by the root of the steps, of which the warm-up are the least. So it is no peak, and a warm-up
	// may be longer than the run.
	Divides     bool
	UsualWarmup int // steps, of a schedule that cannot be without; else 0

	ends   bool    // uses Total
	above  float64 // the rate has to be: it ends there
	factor func(o ScheduleOptions, step int64) float64
}

// scheduleKinds lists the schedules: whatever wants their names or what they need asks here. All but rsqrt are those of
// transformers.get_scheduler with its default settings, past the end included; rsqrt is that of T5X and of the T5
// paper, section 3.1.2.
func scheduleKinds() []ScheduleKind {
	constant := func(ScheduleOptions, int64) float64 { return 1 }
	return []ScheduleKind{
		{Name: NameConstant, Flat: true, factor: constant},
		{Name: "constant_with_warmup", factor: warmedUp(constant)},
		{Name: NameLinear, ends: true, factor: warmedUp(linear)},
		{Name: "cosine", ends: true, factor: warmedUp(cosine)},
		{Name: "polynomial", ends: true, above: polynomialEnd, factor: warmedUp(polynomial)},
		{Name: "inverse_sqrt", factor: warmedUp(inverseSqrt)},
		{Name: NameRSqrt, Divides: true, UsualWarmup: 10_000, factor: rsqrt},
	}
}

// ScheduleNames returns the names that NewSchedule knows.
func ScheduleNames() []string {
	var names []string
	for _, k := range scheduleKinds() {
		names = append(names, k.Name)
	}
	return names
}

// ScheduleOf returns the schedule of a name, and whether there is one.
func ScheduleOf(name string) (ScheduleKind, bool) {
	for _, k := range scheduleKinds() {
		if k.Name == name {
			return k, true
		}
	}
	return ScheduleKind{}, false
}

// Base is the learning rate that gives the schedule a peak of 1.
func (k ScheduleKind) Base(warmup int) float64 {
	if k.Divides {
		return math.Sqrt(float64(warmup))
	}
	return 1
}

// NewSchedule returns the schedule of a name.
func NewSchedule(name string, o ScheduleOptions) (Schedule, error) {
	kind, ok := ScheduleOf(name)
	if !ok {
		return Schedule{}, fmt.Errorf("schedule %q is unknown, want one of %s", name,
			strings.Join(ScheduleNames(), ", "))
	}
	if err := o.validate(kind); err != nil {
		return Schedule{}, fmt.Errorf("schedule %s: %w", name, err)
	}
	return Schedule{options: o, factor: kind.factor}, nil
}

func (o ScheduleOptions) validate(kind ScheduleKind) error {
	var errs []error
	if !(o.LR >= 0) || math.IsInf(o.LR, 0) {
		errs = append(errs, fmt.Errorf("learning rate is %v, want a finite number from 0", o.LR))
	}
	if o.Warmup < 0 {
		errs = append(errs, fmt.Errorf("warm-up is %d steps, want from 0", o.Warmup))
	}
	if kind.ends && o.Total <= o.Warmup {
		errs = append(errs, fmt.Errorf("total is %d steps, want more than the %d of the warm-up", o.Total, o.Warmup))
	}
	if kind.above > 0 && o.LR <= kind.above {
		errs = append(errs, fmt.Errorf("learning rate is %v, want above its end at %v", o.LR, kind.above))
	}
	return errors.Join(errs...)
}

// warmedUp rises in a line from 0 before it follows the factor.
func warmedUp(factor func(ScheduleOptions, int64) float64) func(ScheduleOptions, int64) float64 {
	return func(o ScheduleOptions, step int64) float64 {
		if step < o.Warmup {
			return float64(step) / float64(o.Warmup)
		}
		return factor(o, step)
	}
}

// progress is the part of the way from warm-up to end that is done; above 1 past the end.
func (o ScheduleOptions) progress(step int64) float64 {
	return float64(step-o.Warmup) / float64(o.Total-o.Warmup)
}

func linear(o ScheduleOptions, step int64) float64 {
	return max(0, float64(o.Total-step)/float64(o.Total-o.Warmup))
}

// cosine is half a wave; past the end it rises again, as in transformers.
func cosine(o ScheduleOptions, step int64) float64 {
	return max(0, 0.5*(1+math.Cos(math.Pi*o.progress(step))))
}

// polynomialEnd is the learning rate that polynomial ends at: lr_end of transformers.
const polynomialEnd = 1e-7

// polynomial has the power 1 of transformers' default: a line to polynomialEnd.
func polynomial(o ScheduleOptions, step int64) float64 {
	if step > o.Total {
		return polynomialEnd / o.LR
	}
	return ((o.LR-polynomialEnd)*(1-o.progress(step)) + polynomialEnd) / o.LR
}

// inverseSqrt falls with the root of the step from 1 at the end of the warm-up.
func inverseSqrt(o ScheduleOptions, step int64) float64 {
	scale := o.Warmup
	if scale == 0 {
		scale = 10_000 // timescale of transformers without warm-up
	}
	return 1 / math.Sqrt(float64(step+scale-o.Warmup)/float64(scale))
}

// rsqrt is 1/sqrt(max(step, warm-up)): flat at first, not a ramp.
func rsqrt(o ScheduleOptions, step int64) float64 {
	return 1 / math.Sqrt(float64(max(step, o.Warmup, 1)))
}
