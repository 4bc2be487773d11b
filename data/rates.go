package data

import (
	"fmt"
	"math"
)

// Proportion is how the rates of a mixture follow from the sizes of its tasks (Raffel et al. 2020, section 3.5.2;
// seqio's mixing_rate_num_examples).
type Proportion struct {
	// Cap is the most examples that a task counts for, so that a large one does not drown the others; T5 found 2^19
	// best at its base size. 0: no cap.
	Cap float64
	// Temperature flattens the rates: 1 leaves them, larger ones bring them towards equal; mT5 used 1/0.3. 0: 1.
	Temperature float64
}

// Rate returns the rate of a task of some examples, each of which counts scale times: min(examples x scale, cap) to
// the power of 1/temperature. seqio has the same order: scale, cap, temperature.
func (p Proportion) Rate(examples int, scale float64) (float64, error) {
	if !(p.Cap >= 0) || !(p.Temperature >= 0) || !(scale > 0) {
		return 0, fmt.Errorf("mixture rate: cap %g, temperature %g and scale %g, want a cap and a temperature of 0 "+
			"or more and a scale above 0", p.Cap, p.Temperature, scale)
	}
	rate := float64(examples) * scale
	if p.Cap > 0 {
		rate = min(rate, p.Cap)
	}
	if p.Temperature > 0 && p.Temperature != 1 {
		rate = math.Pow(rate, 1/p.Temperature)
	}
	return rate, nil
}
