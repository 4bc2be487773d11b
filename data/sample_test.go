package data

import (
	"slices"
	"testing"
)

// TestSample draws from numbers in order, as rows sorted by class are.
func TestSample(t *testing.T) {
	const n = 1000
	drawn := func(size int, seed uint64) (has []int) {
		s := NewSample(n, size, seed)
		at := map[int]bool{}
		for i := range n {
			if s.Has(i) {
				has = append(has, i)
			}
		}
		for i := range s.Len() {
			at[s.At(i)] = true
		}
		want := min(size, n)
		if size == 0 {
			want = n
		}
		if s.Len() != want || len(has) != want || len(at) != want || s.All() != (want == n) {
			t.Errorf("sample of %d: got Len %d, %d by Has, %d by At, All %t, want %d", size, s.Len(), len(has), len(at),
				s.All(), want)
		}
		return has
	}
	for _, size := range []int{0, 1, 37, n, n + 5} {
		drawn(size, 7)
	}
	hundred := drawn(100, 7)
	for _, i := range drawn(50, 7) {
		if !slices.Contains(hundred, i) {
			t.Errorf("%d is in the sample of 50 and not in that of 100", i)
		}
	}
	if slices.Equal(hundred, drawn(100, 8)) {
		t.Error("two seeds draw the same")
	}
	// Ten classes of 100 numbers each: of 100 drawn, each class has 10 on average, with a standard deviation of 2.8.
	counts := make([]int, 10)
	for _, i := range hundred {
		counts[i/100]++
	}
	if slices.Min(counts) < 2 || slices.Max(counts) > 20 {
		t.Errorf("classes are drawn %v times, want about 10 each", counts)
	}
	all := NewSample(3, 0, 7)
	if all.At(0) != 0 || all.At(1) != 1 || all.At(2) != 2 {
		t.Error("all numbers are not in their own order")
	}
}
