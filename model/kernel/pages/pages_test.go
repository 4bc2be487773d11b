package pages

import "testing"

func TestFloats(t *testing.T) {
	for _, n := range []int{0, 1, 1 << 19, 1<<20 - 1, 1 << 20, 3<<20 + 5} {
		x := Floats(n)
		if len(x) != n {
			t.Fatalf("%d elements, want %d", len(x), n)
		}
		for i := range x {
			if x[i] != 0 {
				t.Fatalf("element %d of %d is %g, want 0", i, n, x[i])
			}
			x[i] = 1 // the memory may be written
		}
	}
}
