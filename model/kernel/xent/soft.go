package xent

import (
	"fmt"
	"math"

	"t5train/model/kernel"
)

// Soft are soft targets: the distribution over the vocabulary that a teacher has in the place of each label, of which
// it keeps the largest probabilities and the sum of all others. The loss of a label becomes (Hinton et al. 2015,
// "Distilling the Knowledge in a Neural Network")
//
//	(1-weight) * loss + weight * temperature² * KL(teacher || softmax(logits/temperature))
//
// where the divergence is between the distributions over K+1 outcomes, the last of which is "another token". With all
// of the vocabulary among the K it is the divergence of the whole distributions, else a little less.
type Soft struct {
	K             int       // tokens with a probability of their own, in each place; 0: there are no soft targets
	IDs           []int32   // [labels, K], in each place all different
	Probabilities []float32 // [labels, K+1], at the temperature: theirs, and the sum of all others'
	Temperature   float32   // above 0
	Weight        float32   // of the divergence, from 0 to 1
}

// On reports whether there are soft targets.
func (s *Soft) On() bool { return s != nil && s.K > 0 }

// Truncate leaves the targets of the first n labels.
func (s *Soft) Truncate(n int) {
	if s.On() {
		s.IDs, s.Probabilities = s.IDs[:n*s.K], s.Probabilities[:n*(s.K+1)]
	}
}

// Check reports targets that are not those of so many labels, or of another vocabulary.
func (s *Soft) Check(labels, vocab int) error {
	if !s.On() {
		return nil
	}
	if len(s.IDs) != labels*s.K || len(s.Probabilities) != labels*(s.K+1) {
		return fmt.Errorf("soft targets: %d tokens and %d probabilities for %d labels with %d each", len(s.IDs),
			len(s.Probabilities), labels, s.K)
	}
	if !(s.Temperature > 0) || !(s.Weight >= 0 && s.Weight <= 1) {
		return fmt.Errorf("soft targets: temperature %g and weight %g, want above 0, and 0 to 1", s.Temperature,
			s.Weight)
	}
	for i, id := range s.IDs {
		if id < 0 || int(id) >= vocab {
			return fmt.Errorf("soft targets: token %d of label %d is outside of the vocabulary of %d", id, i/s.K, vocab)
		}
	}
	return nil
}

// row returns the divergence of the logits x of a label from its targets, times the square of the temperature. It puts
// the gradient of that times gradScale into grad, which is otherwise undefined:
//
//	temperature * (q - p) for one of the K, temperature * q * (1 - p'/q') for another token, of p' and q' together
func (s *Soft) row(l kernel.LogitLoops, x, grad []float32, label int, gradScale float32) float64 {
	ids, p := s.IDs[label*s.K:][:s.K], s.Probabilities[label*(s.K+1):][:s.K+1]
	copy(grad, x)
	l.Affine(grad, 1/s.Temperature, 0)
	largest := l.Maximum(grad)
	var divergence, z float64
	for i, id := range ids {
		shifted := float64(grad[id]) - float64(largest)
		z += math.Exp(shifted)
		divergence += float64(p[i]) * (logOf(p[i]) - shifted)
	}
	l.Exp(grad, largest, 1)
	for _, id := range ids {
		grad[id] = 0
	}
	// The rest is summed up for itself: what 1 minus the others is would have no digit left where it is small.
	others, rest := math.Max(float64(l.Sum(grad, 0)), 1e-30), float64(p[s.K])
	z += others
	divergence += rest*(logOf(p[s.K])-math.Log(others)) + math.Log(z)
	scale := gradScale * s.Temperature
	l.Affine(grad, scale*float32((1-rest*z/others)/z), 0)
	for i, id := range ids {
		q := math.Exp(float64(x[id]/s.Temperature)-float64(largest)) / z
		grad[id] = scale * float32(q-float64(p[i]))
	}
	return divergence * float64(s.Temperature) * float64(s.Temperature)
}

// logOf is ln(p), and 0 for p = 0, where it is multiplied by it.
func logOf(p float32) float64 {
	if p == 0 {
		return 0
	}
	return math.Log(float64(p))
}
