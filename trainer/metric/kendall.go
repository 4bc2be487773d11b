package metric

import (
	"cmp"
	"math"
	"slices"
)

// Kendall is tau-b (Kendall 1945) of two lists of the same length, from -1 to 1: the pairs of places that both lists put
// into the same order, less those that they put into opposite ones, over the geometric mean of the numbers of pairs that
// either list puts into an order at all. It is 0 where a list is constant.
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
	tau := ratio(float64(alike-opposite), math.Sqrt(float64(pairs-sameX))*math.Sqrt(float64(pairs-sameY)))
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
