package op

import (
	"math"
	"testing"
)

func TestCosineLoss(t *testing.T) {
	rows := []float32{1, 2, 9, 3, 2, 9} // mean 2 2
	for _, c := range []struct {
		v    []float32
		want float64
	}{
		{[]float32{5, 5}, 0},
		{[]float32{-1, -1}, 2},
		{[]float32{1, -1}, 1},
		{[]float32{1, 0}, 1 - math.Sqrt(0.5)},
		{[]float32{0, 0}, 1},
	} {
		if got := cosineLoss(rows, 3, c.v, nil, 1); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v: got %g, want %g", c.v, got, c.want)
		}
	}
}
