package trainer

import (
	"context"
	"errors"
	"math"
	"slices"

	"t5train/data/task"
	"t5train/model/decode"
)

// labelScorer ranks the labels of a classification by the probability that the model gives to their texts (rank
// classification): the answer is always a label, and the probabilities add up to 1.
type labelScorer struct {
	targets     [][]int32 // the texts, which end in EOS
	temperature float64   // by which log-probabilities are divided
}

// newLabelScorer returns the scorer of a task, with the temperature of the bundle where the labels are those that it was
// found with.
func newLabelScorer(b *Bundle, spec task.Spec) labelScorer {
	s := labelScorer{temperature: 1}
	for _, l := range spec.Labels {
		s.targets = append(s.targets, append(b.Tokenizer.Encode(l.Text), b.Tokenizer.EOS()))
	}
	if own := b.Info.Task; b.Info.Temperature > 0 && own != nil && sameTexts(own.Labels, spec.Labels) {
		s.temperature = b.Info.Temperature
	}
	return s
}

// logits returns the log-probability of each label's text for each input, as the model has it.
func (s labelScorer) logits(ctx context.Context, g *decode.Generator, inputs [][]int32) ([][]float64, error) {
	rows, err := g.Score(ctx, inputs, s.targets)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		for _, v := range row {
			if !finite(v) {
				return nil, errNoNumber
			}
		}
	}
	return rows, nil
}

// probabilities returns the probability of each label for each input.
func (s labelScorer) probabilities(ctx context.Context, g *decode.Generator, inputs [][]int32) ([][]float64, error) {
	rows, err := s.logits(ctx, g, inputs)
	for i, row := range rows {
		for j := range row {
			row[j] /= s.temperature
		}
		rows[i] = softmax(row)
	}
	return rows, err
}

var errNoNumber = errors.New("the model gives no number: its weights are damaged, copy the checkpoint again")

// softmax returns the share of each exp(logit) in the sum of all.
func softmax(logits []float64) []float64 {
	shares := make([]float64, len(logits))
	top := logits[largest(logits)]
	var sum float64
	for i, v := range logits {
		shares[i] = math.Exp(v - top)
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}

// largest returns the position of the first largest value.
func largest(values []float64) int {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}

// sameTexts tells whether labels are the same to the model.
func sameTexts(a, b []task.Label) bool {
	return slices.EqualFunc(a, b, func(x, y task.Label) bool { return x.Text == y.Text })
}
