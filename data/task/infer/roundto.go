package infer

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"t5train/data/task"
)

// maxRounding is the part of the spread of numbers by which rounding may move them on average where round_to is chosen:
// 0.0025 leaves 100 multiples of evenly spread numbers, and STS-B the 0.2 of T5.
const maxRounding = 0.0025

// RoundToFor returns round_to for numbers that have none of their own: the largest of 1, 2 and 5 times a power of ten
// by which rounding moves them by at most 1/400 of their spread on average, the spread being from the 10th to the 90th
// percentile. Where that is nothing, because most numbers are the same, each different number counts once. So numbers
// that all are multiples of something stay as they are.
//
//	1 2 3 4 5                     1
//	0, 0.2, 0.4, ... 5            0.2
//	anything from 0 to 1          0.01
//	0.001 ... 0.04                0.001
func RoundToFor(numbers []float64) float64 {
	sorted := slices.Sorted(slices.Values(numbers))
	if len(sorted) == 0 || sorted[0] == sorted[len(sorted)-1] {
		return task.DefaultRoundTo
	}
	spread := spreadOf(sorted)
	if spread == 0 {
		sorted = slices.Compact(sorted)
		spread = cmp.Or(spreadOf(sorted), sorted[len(sorted)-1]-sorted[0])
	}
	for exponent := 5; exponent >= -6; exponent-- {
		for _, digit := range []float64{5, 2, 1} {
			roundTo := digit * math.Pow10(exponent)
			if exponent < 0 {
				roundTo = digit / math.Pow10(-exponent) // the float that is written 0.2
			}
			if meanRounding(sorted, roundTo) <= maxRounding*spread {
				return roundTo
			}
		}
	}
	return task.MinRoundTo
}

// spreadOf returns how far apart the 10th and the 90th percentile of sorted numbers are.
func spreadOf(sorted []float64) float64 {
	last := len(sorted) - 1
	return sorted[(last*9+9)/10] - sorted[last/10]
}

// meanRounding returns by how much rounding moves numbers on average. A decimal that a file holds as float32 is no
// other one.
func meanRounding(numbers []float64, roundTo float64) float64 {
	var sum float64
	for _, v := range numbers {
		if moved := math.Abs(v - math.RoundToEven(v/roundTo)*roundTo); moved > math.Ldexp(math.Abs(v), -23) {
			sum += moved
		}
	}
	return sum / float64(len(numbers))
}

// RoundingLoss says what is wrong with round_to for the numbers of a column, "" if it is fine: targets that are all the
// same though the numbers are not, and numbers that rounding moves by more than 1/20 of their range on average. useless
// is set where nothing is left to learn.
func RoundingLoss(numbers []float64, roundTo float64) (said string, useless bool) {
	sorted := slices.Sorted(slices.Values(numbers))
	if len(sorted) == 0 {
		return "", false
	}
	least, largest := sorted[0], sorted[len(sorted)-1]
	if least == largest {
		hidden := ""
		if least == task.NoLabel {
			hidden = ", as in a test split whose labels are hidden"
		}
		return fmt.Sprintf("all %d numbers are %g%s: there is nothing to learn but that one answer: use rows "+
			"with other numbers, or choose another label column", len(sorted), least, hidden), false
	}
	different := len(slices.Compact(slices.Clone(sorted)))
	var targets []string
	for _, v := range sorted {
		if t := task.WriteNumber(v, roundTo); len(targets) == 0 || targets[len(targets)-1] != t {
			targets = append(targets, t)
		}
	}
	remedy := fmt.Sprintf("set a smaller one, such as task.round_to=%g", RoundToFor(numbers))
	if RoundToFor(numbers) >= roundTo {
		remedy = "scale the numbers up in the data"
	}
	const tooMuch = 0.05
	switch moved := meanRounding(sorted, roundTo); {
	case len(targets) == 1:
		return fmt.Sprintf("round_to %g is too large: %d different numbers from %g to %g all become the target %s: %s",
			roundTo, different, least, largest, targets[0], remedy), true
	case moved > tooMuch*(largest-least):
		return fmt.Sprintf("round_to %g is too large: %d different numbers from %g to %g become %d targets, and "+
			"move by %.3g on average: %s",
			roundTo, different, least, largest, len(targets), moved, remedy), false
	}
	return "", false
}
