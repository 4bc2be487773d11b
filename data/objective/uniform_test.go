package objective

import (
	"fmt"
	"math"
	"testing"
)

// checkUniform fails if some of the outcomes come too often, by a chi-square test six standard deviations wide.
func checkUniform(t *testing.T, what string, counts map[string]int, outcomes int) {
	t.Helper()
	draws := 0
	for _, n := range counts {
		draws += n
	}
	if len(counts) != outcomes {
		t.Errorf("%s: %d outcomes, want %d", what, len(counts), outcomes)
		return
	}
	expected, chi2 := float64(draws)/float64(outcomes), 0.0
	for _, n := range counts {
		chi2 += (float64(n) - expected) * (float64(n) - expected) / expected
	}
	free := float64(outcomes - 1)
	if limit := free + 6*math.Sqrt(2*free) + 6; chi2 > limit {
		t.Errorf("%s: chi square %.0f, want at most %.0f", what, chi2, limit)
	}
}

// TestSpanMasks_AreUniform draws masks of short chunks: every pair of compositions, of the noise and of the rest, must
// come equally often.
func TestSpanMasks_AreUniform(t *testing.T) {
	choose := func(n, k int) int {
		c := 1
		for i := range k {
			c = c * (n - i) / (i + 1)
		}
		return c
	}
	for _, c := range []struct {
		length        int
		density, mean float64
	}{{6, 0.3, 1}, {10, 0.5, 2.5}, {12, 0.4, 1.5}, {9, 0.7, 2}, {12, 0.3, 4}} {
		s := must(NewSpanCorruption(SpanOptions{Input: 64, Density: c.density, Mean: c.mean}, t5))
		noise, spans := noiseCounts(c.length, c.density, c.mean)
		outcomes := choose(noise-1, spans-1) * choose(c.length-noise-1, spans-1)
		for _, by := range []string{"index", "epoch", "seed"} {
			counts := map[string]int{}
			for i := range 200 * outcomes {
				key := map[string]Key{"index": {Index: int64(i)}, "epoch": {Epoch: int64(i)},
					"seed": {Seed: uint64(i)}}[by]
				counts[fmt.Sprint(maskOf(s, key, c.length))]++
			}
			checkUniform(t, fmt.Sprintf("%+v by %s", c, by), counts, outcomes)
		}
	}
}

func TestPrefixLM_SplitsAreUniform(t *testing.T) {
	for _, c := range []struct {
		density    float64
		from, upto int // tokens that are given of 20
	}{{0.5, 1, 19}, {0.25, 10, 19}, {0.1, 15, 19}} { // half to even: 9.5 -> 10, 15.2 -> 15
		p := must(NewPrefixLM(PrefixLMOptions{Input: 64, Density: c.density}, t5))
		counts := map[string]int{}
		for i := range int64(20_000) {
			inputs, targets := p.Append(Key{Index: i}, counting(20), nil, nil)
			if given := len(inputs) - 1; given < c.from || given > c.upto || given+len(targets)-1 != 20 {
				t.Fatalf("density %g: %d tokens given and %d asked for", c.density, given, len(targets)-1)
			}
			counts[fmt.Sprint(len(inputs))]++
		}
		checkUniform(t, fmt.Sprintf("density %g", c.density), counts, c.upto-c.from+1)
	}
}

// TestIID_DrawsEachToken counts how often each token, and each pair of neighbours, is noise.
func TestIID_DrawsEachToken(t *testing.T) {
	const length, draws, p = 30, 20_000, 0.15
	o := must(NewIID(IIDOptions{Input: length + 1, Density: p}, t5))
	var alone, both [length]float64
	for i := range int64(draws) {
		mask := maskOf(o, Key{Index: i}, length)
		for j, masked := range mask {
			if masked {
				alone[j]++
				if j > 0 && mask[j-1] {
					both[j]++
				}
			}
		}
	}
	for j := range length {
		if limit := 5 * math.Sqrt(draws*p*(1-p)); math.Abs(alone[j]-draws*p) > limit {
			t.Errorf("token %d is noise %g times, want %g up to %g", j, alone[j], draws*p, limit)
		}
		if limit := 5 * math.Sqrt(draws*p*p); j > 0 && math.Abs(both[j]-draws*p*p) > limit {
			t.Errorf("tokens %d and %d are noise %g times, want %g up to %g", j-1, j, both[j], draws*p*p, limit)
		}
	}
}

// TestIID_StopsAtTheLastSentinel draws masks with more spans than there are sentinels.
func TestIID_StopsAtTheLastSentinel(t *testing.T) {
	o := must(NewIID(IIDOptions{Input: 65, Density: 0.15}, t5))
	o.vocab.Sentinels = 4
	stopped := 0
	for i := range int64(500) {
		key := Key{Index: i}
		checkExample(t, "iid", o, key, counting(64))
		inputs, targets := o.Append(key, counting(64), nil, nil)
		for _, ids := range [][]int32{inputs, targets} {
			for _, id := range ids {
				if id > 20_000 && id <= t5.FirstSentinel-4 {
					t.Fatalf("sentinel %d is none of 4", id)
				}
			}
		}
		if targets[len(targets)-2] == t5.FirstSentinel-3 {
			stopped++
		}
	}
	if stopped == 0 {
		t.Error("no chunk needed the last sentinel")
	}
}
