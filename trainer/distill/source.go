package distill

import (
	"t5train/data"
	"t5train/internal/optional"
)

// Taught are examples with what a teacher says about them: a data.Source.
type Taught struct {
	Examples *data.Examples
	Outputs  *Outputs
	Spec     Spec // resolved
}

// Len returns the number of examples.
func (s *Taught) Len() int { return s.Examples.Len() }

// Append adds example i to a batch, the same in every epoch.
func (s *Taught) Append(_ int64, i int, b *data.Batch) {
	e := s.Outputs.At(i)
	b.Inputs.IDs = append(b.Inputs.IDs, s.Examples.Input(i)...)
	b.Labels.IDs = append(b.Labels.IDs, e.Target...)
	if k := s.Outputs.k; k > 0 {
		b.Soft.K = k
		b.Soft.Temperature = float32(optional.Value(s.Spec.Temperature))
		b.Soft.Weight = float32(optional.Value(s.Spec.Weight))
		b.Soft.IDs = append(b.Soft.IDs, e.IDs...)
		b.Soft.Probabilities = append(b.Soft.Probabilities, e.Probabilities...)
	}
	b.End(i)
}
