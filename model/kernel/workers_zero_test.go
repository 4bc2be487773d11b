package kernel

import "testing"

// Workers that nobody made are those of all processors.
func TestNilWorkers(t *testing.T) {
	for _, w := range []*Workers{nil, new(Workers)} {
		if w.Threads() != NewWorkers(0).Threads() || w.ISA() != NewWorkers(0).ISA() {
			t.Errorf("%d threads on %s", w.Threads(), w.ISA())
		}
		y := []float32{1, 2}
		if Add(w, y, []float32{3, 4}); y[0] != 4 || y[1] != 6 {
			t.Errorf("the sum is %v", y)
		}
		c := []float32{0}
		Gemm(w, false, false, 1, 1, 2, []float32{1, 2}, 2, []float32{3, 4}, 1, false, c, 1)
		if c[0] != 11 {
			t.Errorf("the product is %v", c)
		}
	}
}
