package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"t5train/data/task"
	"t5train/internal/floats"
)

// Regression measures predicted numbers. The zero value is ready to use. It keeps both numbers of each example.
type Regression struct {
	names               []string // of the values to compute, in the order in which they are wanted; empty is all
	labels, predictions []float64
}

// Only returns the metric of the same examples that computes some values only, in their order; without names it is all.
// Spearman and Kendall sort: of many numbers, samples of pearson alone take a small part of the time of all.
func (r *Regression) Only(names ...string) (*Regression, error) {
	for _, name := range names {
		if regressionValue(name) == nil {
			return nil, fmt.Errorf("regression: metric %q is unknown, want some of %s", name,
				strings.Join(regressionNames[:], ", "))
		}
	}
	return &Regression{names, r.labels, r.predictions}, nil
}

// Add counts one example. A text that is no number has to become one: the T5 library takes -1 for it.
func (r *Regression) Add(label, prediction float64) error {
	for _, x := range [...]float64{label, prediction} {
		if !floats.IsFinite(x) {
			return fmt.Errorf("regression: label %g and prediction %g, want finite numbers", label, prediction)
		}
	}
	r.labels, r.predictions = append(r.labels, label), append(r.predictions, prediction)
	return nil
}

// Len is the number of examples.
func (r *Regression) Len() int { return len(r.labels) }

// Result returns pearson, spearman, kendall and mse, the mean squared error. Correlations are 0 where one side is
// constant.
func (r *Regression) Result() []Value {
	names := r.names
	if len(names) == 0 {
		names = regressionNames[:]
	}
	values := make([]Value, len(names))
	for i, name := range names {
		values[i] = Value{name, regressionValue(name)(r.labels, r.predictions)}
	}
	return values
}

var regressionNames = [...]string{task.Pearson, task.Spearman, task.Kendall, task.MSE}

func regressionValue(name string) func(x, y []float64) float64 {
	switch name {
	case task.Pearson:
		return Pearson
	case task.Spearman:
		return Spearman
	case task.Kendall:
		return Kendall
	case task.MSE:
		return meanSquaredError
	}
	return nil
}

// Sample returns the values of some examples, as [Sampled] says.
func (r *Regression) Sample(index []int) []Value {
	s := Regression{r.names, make([]float64, len(index)), make([]float64, len(index))}
	for i, j := range index {
		s.labels[i], s.predictions[i] = r.labels[j], r.predictions[j]
	}
	return s.Result()
}

func meanSquaredError(x, y []float64) float64 {
	var sum float64
	for i := range x {
		sum += (x[i] - y[i]) * (x[i] - y[i])
	}
	return min(math.MaxFloat64, Ratio(sum, float64(len(x)))) // JSON has no infinity
}

// Pearson is the linear correlation of two lists of the same length, from -1 to 1, and 0 where one of them is constant:
//
//	sum (x - mean x)(y - mean y) / sqrt(sum (x - mean x)^2 * sum (y - mean y)^2)
func Pearson(x, y []float64) float64 {
	if constant(x) || constant(y) { // whose mean may be off by a rounding
		return 0
	}
	x, y = deviations(x), deviations(y)
	var xx, yy, xy float64
	for i := range x {
		xx += x[i] * x[i]
		yy += y[i] * y[i]
		xy += x[i] * y[i]
	}
	return min(1, max(-1, Ratio(xy, math.Sqrt(xx)*math.Sqrt(yy))))
}

// constant reports whether all numbers are the same.
func constant(x []float64) bool {
	return !slices.ContainsFunc(x, func(v float64) bool { return v != x[0] })
}

// deviations returns how far numbers are from their mean, as parts of a power of two near the largest: the correlation
// is the same, and no sum or square leaves what float64 has.
func deviations(x []float64) []float64 {
	x = scaled(x)
	m := mean(x)
	for i := range x {
		x[i] -= m
	}
	return scaled(x)
}

// scaled divides numbers by the power of two that brings the largest magnitude to between 1 and 2.
func scaled(x []float64) []float64 {
	var largest float64
	for _, v := range x {
		largest = max(largest, math.Abs(v))
	}
	_, exponent := math.Frexp(largest)
	unit := math.Ldexp(1, exponent-1)
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v / unit
	}
	return y
}

func mean(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return Ratio(sum, float64(len(x)))
}

// Spearman is the Pearson correlation of ranks, where equal numbers have the mean of their ranks.
func Spearman(x, y []float64) float64 { return Pearson(ranks(x), ranks(y)) }

// ranks returns the place of each number in the sorted list, from 1: 10 20 20 30 has 1 2.5 2.5 4.
func ranks(x []float64) []float64 {
	order := sorted(x)
	ranks := make([]float64, len(x))
	for i := 0; i < len(order); {
		end := i + 1
		for end < len(order) && x[order[end]] == x[order[i]] {
			end++
		}
		for _, place := range order[i:end] {
			ranks[place] = float64(i+1+end) / 2
		}
		i = end
	}
	return ranks
}

// sorted returns the places of numbers in their order.
func sorted(x []float64) []int {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Or(cmp.Compare(x[i], x[j]), cmp.Compare(i, j)) })
	return order
}

// Kendall is tau-b (Kendall 1945) of two lists of the same length, from -1 to 1: the pairs of places that both lists
// put into the same order, less those that they put into opposite ones, over the geometric mean of the numbers of pairs
// that either list puts into an order at all. It is 0 where a list is constant.
//
// It takes n log n steps (Knight 1966): of places sorted by x and then by y, those pairs are opposite that sorting by y
// swaps.
func Kendall(x, y []float64) float64 {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Or(cmp.Compare(x[i], x[j]), cmp.Compare(y[i], y[j])) })
	byX := make([]float64, len(x)) // the y of each place
	for i, place := range order {
		byX[i] = y[place]
	}
	pairs := pairsOf(len(x))
	sameX := equalPairs(order, func(i, j int) bool { return x[i] == x[j] })
	sameBoth := equalPairs(order, func(i, j int) bool { return x[i] == x[j] && y[i] == y[j] })
	sameY := equalPairs(sorted(y), func(i, j int) bool { return y[i] == y[j] })
	opposite := sortCounting(byX, make([]float64, len(x)))
	alike := pairs - sameX - sameY + sameBoth - opposite
	tau := Ratio(float64(alike-opposite), math.Sqrt(float64(pairs-sameX))*math.Sqrt(float64(pairs-sameY)))
	return min(1, max(-1, tau)) // the roots are rounded
}

// pairsOf is the number of pairs of n things.
func pairsOf(n int) int { return n * (n - 1) / 2 }

// equalPairs counts the pairs of places that are equal, which stand together.
func equalPairs(order []int, equal func(i, j int) bool) int {
	sum := 0
	for i := 0; i < len(order); {
		end := i + 1
		for end < len(order) && equal(order[i], order[end]) {
			end++
		}
		sum += pairsOf(end - i)
		i = end
	}
	return sum
}

// sortCounting sorts by merging and counts the pairs that were in the opposite order.
func sortCounting(x, scratch []float64) int {
	if len(x) < 2 {
		return 0
	}
	half := len(x) / 2
	swaps := sortCounting(x[:half], scratch) + sortCounting(x[half:], scratch)
	copy(scratch, x)
	left, right := scratch[:half], scratch[half:len(x)]
	for i := range x {
		if len(right) == 0 || len(left) > 0 && left[0] <= right[0] {
			x[i], left = left[0], left[1:]
		} else {
			x[i], right = right[0], right[1:]
			swaps += len(left)
		}
	}
	return swaps
}
