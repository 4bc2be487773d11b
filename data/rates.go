package data

import (
	"fmt"
	"math"
)

// MixingRate returns the rate of a component of a mixture by the number of its examples (Raffel et al. 2020, section
// 3.5.2; seqio's mixing_rate_num_examples): min(examples, most) to the power of 1/temperature. most 0 is no cap; with
// one, a large component does not drown the others: T5 found 2^19 best at its base size. Temperature 0 is 1, which
// leaves rates as they are; larger ones bring them towards equal: mT5 used 1/0.3.
func MixingRate(examples int, most, temperature float64) (float64, error) {
	if !(most >= 0) || !(temperature >= 0) {
		return 0, fmt.Errorf("mixing rate: cap %g and temperature %g, want 0 or more", most, temperature)
	}
	rate := float64(examples)
	if most > 0 {
		rate = min(rate, most)
	}
	if temperature > 0 && temperature != 1 {
		rate = math.Pow(rate, 1/temperature)
	}
	return rate, nil
}
