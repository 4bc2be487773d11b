package metric

import (
	"context"
	"fmt"
	"slices"

	"t5train/internal/random"
)

// Sampled is a metric that can be computed anew for a sample of the examples that were added to it.
type Sampled interface {
	// Len is the number of examples.
	Len() int
	// Result returns the values of all examples.
	Result() []Value
	// Sample returns the values of the examples of an index, each from 0 to Len()-1 and as often as it occurs there.
	// Names and their order are those of Result.
	Sample(index []int) []Value
}

// Interval is where a value would mostly lie if it were measured on another test set of the same size and kind.
type Interval struct {
	Name      string
	Low, High float64
}

// Resamples is the number of samples that an interval is taken from.
const Resamples = 1000

// BootstrapDifference returns the 95 % interval of how much more one model has of a value than another on the same
// examples, by samples of [Bootstrap] that are the same for both: a paired interval, as far narrower than that of two
// test sets as the models make the same mistakes.
func BootstrapDifference(ctx context.Context, before, after Sampled, name string, seed uint64) (Interval, error) {
	pick := func(values []Value) float64 {
		return values[slices.IndexFunc(values, func(v Value) bool { return v.Name == name })].Value
	}
	i := Interval{Name: name}
	if before.Len() != after.Len() || !slices.Contains(Names(after.Result()), name) {
		return i, fmt.Errorf("compare %s: the models have answered %d and %d examples", name, before.Len(), after.Len())
	}
	all, err := Bootstrap(ctx, difference{before, after, pick}, seed)
	if err != nil {
		return i, err
	}
	i.Low, i.High = all[0].Low, all[0].High
	return i, nil
}

// difference has one value: what the second of two has more of it.
type difference struct {
	before, after Sampled
	pick          func([]Value) float64
}

func (d difference) Len() int { return d.after.Len() }

func (d difference) Result() []Value {
	return []Value{{Value: d.pick(d.after.Result()) - d.pick(d.before.Result())}}
}

func (d difference) Sample(index []int) []Value {
	return []Value{{Value: d.pick(d.after.Sample(index)) - d.pick(d.before.Sample(index))}}
}

// Bootstrap returns the 95 % interval of each value of a result, in its order: all but the 25 lowest and the 25 highest
// values of [Resamples] samples with replacement, each of as many examples as there are (the percentile interval of
// Efron and Tibshirani 1993, chapter 13; Koehn 2004 for BLEU). Sample r is a pure function of the seed, r and the
// number of examples, so metrics of the same examples are sampled alike. Without examples an interval is the value
// itself.
func Bootstrap(ctx context.Context, m Sampled, seed uint64) ([]Interval, error) {
	if m == nil {
		return nil, nil
	}
	result := m.Result()
	values := make([][]float64, len(result))
	index := make([]int, m.Len())
	for r := range uint64(Resamples) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("bootstrap: %w", err)
		}
		draw := random.New(seed, r)
		for i := range index {
			index[i] = int(draw.Below(uint64(len(index))))
		}
		for k, v := range m.Sample(index) {
			values[k] = append(values[k], v.Value)
		}
	}
	intervals := make([]Interval, len(result))
	for k, v := range result {
		slices.Sort(values[k])
		intervals[k] = Interval{Name: v.Name, Low: values[k][Resamples/40], High: values[k][Resamples-1-Resamples/40]}
	}
	return intervals, nil
}
