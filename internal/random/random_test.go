package random

import (
	"math"
	"testing"
)

// TestDraw_SplitMix64 is the published sequence of seed 1234567, from the reference implementation of Vigna.
func TestDraw_SplitMix64(t *testing.T) {
	d := Draw{state: 1234567}
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431,
		16408922859458223821} {
		if got := d.Uint64(); got != want {
			t.Errorf("number %d: got %d, want %d", i, got, want)
		}
	}
}

func TestNew_DiffersBetweenKeys(t *testing.T) {
	seen := map[uint64][]uint64{}
	for a := range uint64(30) {
		for b := range uint64(30) {
			for c := range uint64(30) {
				d := New(a, b, c-1) // 0-1 is the largest key
				first := d.Uint64()
				if other, ok := seen[first]; ok {
					t.Fatalf("keys %d and %d begin alike", other, []uint64{a, b, c - 1})
				}
				seen[first] = []uint64{a, b, c - 1}
			}
		}
	}
	if x, y := New(1, 2), New(2, 1); x == y {
		t.Error("the order of a key does not matter")
	}
}

func TestBelow_IsUniform(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 7, 10, 100} {
		const each = 2000
		counts := make([]float64, n)
		for i := range each * n { // the first number of each key, which must be as good as the next of one
			d := New(5, i)
			counts[d.Below(n)]++
		}
		chi2 := 0.0
		for _, c := range counts {
			chi2 += (c - each) * (c - each) / each
		}
		if free := float64(n - 1); chi2 > free+6*math.Sqrt(2*free)+6 {
			t.Errorf("below %d: chi square %.0f for %g degrees of freedom", n, chi2, free)
		}
	}
}

// TestBelow_IsExact draws below 3/4 of all numbers, where a remainder would make a third come twice as often.
func TestBelow_IsExact(t *testing.T) {
	const n, draws = 3 << 62, 30_000
	d := New(1)
	var thirds [3]float64
	for range draws {
		x := d.Below(n)
		if x >= n {
			t.Fatalf("%d is not below %d", x, uint64(n))
		}
		thirds[x>>62]++
	}
	for i, got := range thirds {
		if math.Abs(got-draws/3) > 6*math.Sqrt(draws*2/9.0) {
			t.Errorf("third %d comes %g times in %d", i, got, draws)
		}
	}
}
