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

// scheduleKind is one shape of schedule.
type scheduleKind struct {
	name   string
	ends   bool // uses Total
	factor func(o ScheduleOptions, step int64) float64
}

// scheduleKinds lists the schedules. All but rsqrt are those of transformers.get_scheduler with its
// default settings, past the end included; rsqrt is that of T5X and of the T5 paper, section 3.1.2.
func scheduleKinds() []scheduleKind {
	return []scheduleKind{
		{"constant", false, func(ScheduleOptions, int64) float64 { return 1 }},
		{"constant_with_warmup", false, warmedUp(func(ScheduleOptions, int64) float64 { return 1 })},
		{"linear", true, warmedUp(linear)},
		{"cosine", true, warmedUp(cosine)},
		{"polynomial", true, warmedUp(polynomial)},
		{"inverse_sqrt", false, warmedUp(inverseSqrt)},
		{"rsqrt", false, rsqrt},
	}
}

// ScheduleNames returns the names that NewSchedule knows.
func ScheduleNames() []string {
	var names []string
	for _, k := range scheduleKinds() {
		names = append(names, k.name)
	}
	return names
}

// NewSchedule returns the schedule of a name.
func NewSchedule(name string, o ScheduleOptions) (Schedule, error) {
	for _, kind := range scheduleKinds() {
		if kind.name == name {
			if err := o.validate(kind); err != nil {
				return Schedule{}, fmt.Errorf("schedule %s: %w", name, err)
			}
			return Schedule{options: o, factor: kind.factor}, nil
		}
	}
	return Schedule{}, fmt.Errorf("schedule %q is unknown, want one of %s", name, strings.Join(ScheduleNames(), ", "))
}

func (o ScheduleOptions) validate(kind scheduleKind) error {
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
	if kind.name == "polynomial" && o.LR <= polynomialEnd {
		errs = append(errs, fmt.Errorf("learning rate is %v, want above its end at %v", o.LR, polynomialEnd))
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
