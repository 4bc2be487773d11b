package generate

import (
	"math/rand/v2"
	"slices"
	"testing"

	"t5train/model/kernel"
)

// leading must find what sorting everything finds.
func TestLeadingIsTheBeginningOfTheOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n := 1 + r.IntN(60)
		d := distribution{weight: make([]float32, n)}
		keys := make([]float64, n)
		for i := range n {
			d.kept = append(d.kept, int32(i))
			d.weight[i] = float32(1 + r.IntN(8)) // integers, so that no order of adding them matters
			keys[i] = float64(r.IntN(10))        // some are equal
		}
		d.sum()
		part := float64(1+r.IntN(64)) / 64
		got := d.leading(part, func(id int32) float64 { return keys[id] })
		order := slices.Clone(d.kept)
		slices.SortStableFunc(order, func(a, b int32) int { return int(keys[a] - keys[b]) })
		var mass float64
		for _, id := range order {
			if mass += float64(d.weight[id]); mass >= part*d.total {
				if got.id != id {
					t.Fatalf("keys %v, weights %v, part %v: got %d, want %d", keys, d.weight, part, got.id, id)
				}
				break
			}
		}
	}
}

// Top-k keeps what the k-th largest logit is not larger than, however large k is.
func TestTopKOfAnySize(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	w := kernel.NewWorkers(1)
	logits := make([]float32, 3*insertedAtMost)
	for i := range logits {
		logits[i] = float32(r.IntN(2 * insertedAtMost)) // some are equal
	}
	logits[7] = never
	sorted := slices.Sorted(slices.Values(logits))
	for _, k := range []int{1, 2, insertedAtMost - 1, insertedAtMost, insertedAtMost + 1, 2 * insertedAtMost,
		len(logits) - 1, len(logits)} {
		var d distribution
		s := Sampling{Temperature: 1, TopK: k}
		s.filter(w, &d, slices.Clone(logits))
		var want []int32
		for id, v := range logits {
			if v >= sorted[len(sorted)-k] && v > never {
				want = append(want, int32(id))
			}
		}
		if !slices.Equal(d.kept, want) {
			t.Errorf("top %d keeps %d tokens, want %d", k, len(d.kept), len(want))
		}
	}
}

func TestDrawGivesEachTokenItsShare(t *testing.T) {
	d := distribution{weight: []float32{2, 9, 0, 1, 1, 0}, kept: []int32{0, 2, 3, 4, 5}}
	d.sum()
	for _, c := range []struct {
		u    float64
		want int32
		// rounding may leave a rest, as 1 does
	}{{0, 0}, {0.49, 0}, {0.5, 3}, {0.74, 3}, {0.75, 4}, {1 - 1e-16, 4}, {1, 4}} {
		if got, _ := d.draw(c.u); got != c.want {
			t.Errorf("at %v: got token %d, want %d", c.u, got, c.want)
		}
	}
}
