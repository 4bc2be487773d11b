package metric

import (
	"fmt"
	"math"
)

// Calibration compares the probabilities of labels with how often they are right. It keeps all logits: 8 bytes for each
// label of each example.
type Calibration struct {
	logits [][]float64
	labels []int
}

// Add counts one example: the log-probability of each label, up to a constant, and the label that is right.
func (c *Calibration) Add(logits []float64, label int) error {
	if label < 0 || label >= len(logits) {
		return fmt.Errorf("calibration: label %d is no class, want from 0 to %d", label, len(logits)-1)
	}
	c.logits, c.labels = append(c.logits, logits), append(c.labels, label)
	return nil
}

// calibrationBins is the number of equally wide bins of Guo et al. 2017, section 4 and table 1.
const calibrationBins = 15

// Error returns the expected calibration error of the most probable labels when the logits are divided by temperature:
// the mean over examples of |part that is right - mean probability| of the bin of their probability (Naeini et al.
// 2015; Guo et al. 2017, equation 3). Bin m of M holds the probabilities above m/M and up to (m+1)/M.
func (c *Calibration) Error(temperature float64) float64 {
	var right, probability [calibrationBins]float64
	for i, logits := range c.logits {
		best, share := top(logits, temperature)
		bin := min(calibrationBins-1, max(0, int(math.Ceil(share*calibrationBins))-1))
		probability[bin] += share
		if best == c.labels[i] {
			right[bin]++
		}
	}
	var sum float64
	for bin := range right {
		sum += math.Abs(right[bin] - probability[bin])
	}
	return Ratio(sum, float64(len(c.labels)))
}

// NLL returns the mean of minus the log-probability of the right label, in nats, when the logits are divided by
// temperature.
func (c *Calibration) NLL(temperature float64) float64 {
	var sum float64
	for i, logits := range c.logits {
		best, share := top(logits, temperature)
		sum += (logits[best]-logits[c.labels[i]])/temperature - math.Log(share)
	}
	return Ratio(sum, float64(len(c.labels)))
}

// top returns the label of the largest logit and its probability.
func top(logits []float64, temperature float64) (best int, share float64) {
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	var sum float64
	for _, v := range logits {
		sum += math.Exp((v - logits[best]) / temperature)
	}
	return best, 1 / sum
}

// The temperature that Fit returns at least and at most.
const minTemperature, maxTemperature = 0.01, 100

// Fit returns the temperature with the smallest NLL (temperature scaling, Guo et al. 2017, section 4.2). It changes
// probabilities and never which label is the most probable. atBound reports that there is no smallest one within the
// range.
//
// Where few examples are all right, the best temperature for them is 0, and every answer would be certain. So, as in
// Platt 1999, section 2.2, the right label of n examples of K labels counts as (n+1)/(n+K) and each other as 1/(n+K):
// it is what the rule of succession says about examples that have not been seen, and of many examples it changes
// nothing.
//
// The NLL is convex in the inverse of the temperature, and its derivative there is the mean of (expected logit - logit
// of the target): Fit halves the interval of its root.
func (c *Calibration) Fit() (temperature float64, atBound bool) {
	low, high := math.Log(1/float64(maxTemperature)), math.Log(1/float64(minTemperature)) // of the inverse
	if c.slope(1) == 0 {
		return 1, false // no example, or none that tells
	}
	if c.slope(math.Exp(low)) >= 0 {
		return maxTemperature, true
	}
	if c.slope(math.Exp(high)) <= 0 {
		return minTemperature, true
	}
	for high-low > 1e-9 {
		middle := (low + high) / 2
		if c.slope(math.Exp(middle)) < 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Exp(-(low + high) / 2), false
}

// slope returns the derivative of the sum of the NLL by the inverse temperature.
func (c *Calibration) slope(inverse float64) float64 {
	var sum float64
	for i, logits := range c.logits {
		best, share := top(logits, 1/inverse)
		var expected, all float64
		for _, v := range logits {
			expected += share * math.Exp((v-logits[best])*inverse) * v
			all += v
		}
		n, k := float64(len(c.labels)), float64(len(logits))
		target := (logits[c.labels[i]]*n + all) / (n + k)
		sum += expected - target
	}
	return sum
}
