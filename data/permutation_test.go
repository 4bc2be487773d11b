package data

import (
	"math"
	"slices"
	"testing"
)

func order(n int, seed uint64, epoch int64) []int {
	p := NewPermutation(n, seed, epoch)
	list := make([]int, n)
	for i := range list {
		list[i] = p.At(i)
	}
	return list
}

func TestPermutation_IsOne(t *testing.T) {
	sizes := []int{1000, 4095, 4096, 4097, 65537, 100_000}
	for n := 1; n <= 300; n++ {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		seen := make([]bool, n)
		for _, x := range order(n, uint64(n), 2) {
			if x < 0 || x >= n || seen[x] {
				t.Fatalf("n %d: %d is outside or comes twice", n, x)
			}
			seen[x] = true
		}
	}
	p := NewPermutation(math.MaxInt, 1, 0)
	if x := p.At(math.MaxInt - 1); x < 0 {
		t.Errorf("n 2^63-1: got %d", x)
	}
}

// TestPermutation_Pinned keeps the order of old runs: a run that resumes must resume in it.
func TestPermutation_Pinned(t *testing.T) {
	for _, c := range []struct {
		seed  uint64
		epoch int64
		want  []int
	}{
		{0, 0, []int{6, 5, 4, 0, 9, 3, 8, 1, 7, 2}},
		{0, 1, []int{3, 6, 1, 0, 4, 7, 9, 8, 5, 2}},
		{1, 0, []int{7, 5, 6, 2, 0, 4, 8, 1, 3, 9}},
	} {
		if got := order(10, c.seed, c.epoch); !slices.Equal(got, c.want) {
			t.Errorf("seed %d, epoch %d: got %v, want %v", c.seed, c.epoch, got, c.want)
		}
	}
}

// TestPermutation_IsUniform counts, over many epochs, how often each example lands at each place, and how often each
// follows each.
func TestPermutation_IsUniform(t *testing.T) {
	const epochs = 20_000
	for _, n := range []int{2, 3, 7, 20, 50} {
		places, follows := make([]float64, n*n), make([]float64, n*n)
		for epoch := range int64(epochs) {
			list := order(n, 7, epoch)
			for place, x := range list {
				places[place*n+x]++
				if place > 0 {
					follows[list[place-1]*n+x]++
				}
			}
		}
		expected := float64(epochs) / float64(n)
		for what, counts := range map[string][]float64{"places": places, "neighbours": follows} {
			var chi2 float64
			for i, c := range counts {
				if what == "neighbours" && i/n == i%n {
					continue // nobody follows itself
				}
				chi2 += (c - expected) * (c - expected) / expected
			}
			free := float64((n - 1) * (n - 1)) // degrees of freedom, or nearly so for neighbours
			if limit := free + 6*math.Sqrt(2*free) + 6; chi2 > limit {
				t.Errorf("n %d, %s: chi square %.0f, want at most %.0f", n, what, chi2, limit)
			}
		}
	}
}

func TestPermutation_DiffersBetweenSeedsAndEpochs(t *testing.T) {
	const n = 1000
	var lists [][]int
	for seed := range uint64(8) {
		for epoch := range int64(8) {
			lists = append(lists, order(n, seed, epoch))
		}
	}
	for a := range lists {
		for b := range a {
			same := 0
			for i := range n {
				if lists[a][i] == lists[b][i] {
					same++
				}
			}
			if same > 12 { // independent orders agree at 1 place on average, at 13 once in 10^10 pairs
				t.Errorf("orders %d and %d agree at %d of %d places", a, b, same, n)
			}
		}
	}
}
