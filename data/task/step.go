package task

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// maxRounding is the part of the spread of numbers by which rounding may move them on average where the step is chosen:
// 0.0025 makes 100 steps of evenly spread numbers, and leaves STS-B the step 0.2 of T5.
const maxRounding = 0.0025

// StepFor returns the step for numbers that have none of their own: the largest of 1, 2 and 5 times a power of ten by which
// rounding moves them by at most 1/400 of their spread on average, the spread being from the 10th to the 90th percentile. Where
// that is nothing, because most numbers are the same, each different number counts once. So numbers that all are multiples of a
// step stay as they are.
//
//	1 2 3 4 5                     1
//	0, 0.2, 0.4, ... 5            0.2
//	anything from 0 to 1          0.01
//	0.001 ... 0.04                0.001
func StepFor(numbers []float64) float64 {
	sorted := slices.Sorted(slices.Values(numbers))
	if len(sorted) == 0 || sorted[0] == sorted[len(sorted)-1] {
		return DefaultStep
	}
	spread := spreadOf(sorted)
	if spread == 0 {
		sorted = slices.Compact(sorted)
		spread = cmp.Or(spreadOf(sorted), sorted[len(sorted)-1]-sorted[0])
	}
	for exponent := 5; exponent >= -6; exponent-- {
		for _, digit := range []float64{5, 2, 1} {
			step := digit * math.Pow10(exponent)
			if exponent < 0 {
				step = digit / math.Pow10(-exponent) // the float that is written 0.2
			}
			if meanRounding(sorted, step) <= maxRounding*spread {
				return step
			}
		}
	}
	return minStep
}

// spreadOf returns how far apart the 10th and the 90th percentile of sorted numbers are.
func spreadOf(sorted []float64) float64 {
	last := len(sorted) - 1
	return sorted[(last*9+9)/10] - sorted[last/10]
}

// meanRounding returns by how much rounding moves numbers on average. A decimal that a file holds as float32 is no other one.
func meanRounding(numbers []float64, step float64) float64 {
	var sum float64
	for _, v := range numbers {
		if moved := math.Abs(v - math.RoundToEven(v/step)*step); moved > math.Ldexp(math.Abs(v), -23) {
			sum += moved
		}
	}
	return sum / float64(len(numbers))
}

// RoundingLoss says what is wrong with a step for the numbers of a column, "" if it is fine: targets that are all the same
// though the numbers are not, and numbers that rounding moves by more than 1/20 of their range on average. useless is set
// where nothing is left to learn.
func RoundingLoss(numbers []float64, step float64) (said string, useless bool) {
	sorted := slices.Sorted(slices.Values(numbers))
	if len(sorted) == 0 {
		return "", false
	}
	least, largest := sorted[0], sorted[len(sorted)-1]
	if least == largest {
		hidden := ""
		if least == noLabel {
			hidden = ", as in a test split whose labels are hidden"
		}
		return fmt.Sprintf("all %d numbers are %g%s: there is nothing to learn but that one answer: use rows "+
			"with other numbers, or choose another label column", len(sorted), least, hidden), false
	}
	different := len(slices.Compact(slices.Clone(sorted)))
	var targets []string
	for _, v := range sorted {
		if t := writeNumber(v, step); len(targets) == 0 || targets[len(targets)-1] != t {
			targets = append(targets, t)
		}
	}
	remedy := fmt.Sprintf("set a smaller step, such as task.step=%g", StepFor(numbers))
	if StepFor(numbers) >= step {
		remedy = "scale the numbers up in the data"
	}
	const tooMuch = 0.05
	switch moved := meanRounding(sorted, step); {
	case len(targets) == 1:
		return fmt.Sprintf("the step %g is too large: %d different numbers from %g to %g all become the target %s: %s",
			step, different, least, largest, targets[0], remedy), true
	case moved > tooMuch*(largest-least):
		return fmt.Sprintf("the step %g is too large: %d different numbers from %g to %g become %d targets, and "+
			"move by %.3g on average: %s",
			step, different, least, largest, len(targets), moved, remedy), false
	}
	return "", false
}
