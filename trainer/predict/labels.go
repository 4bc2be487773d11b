package predict

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"t5train/checkpoints"
	"t5train/data/task"
	"t5train/internal/floats"
	"t5train/model/generate"
)

// LabelScorer scores the labels of a classification by the probability that the model gives to their texts: the answer
// is always a label, and the probabilities add up to 1.
type LabelScorer struct {
	labels      []task.Label
	targets     [][]int32 // the texts, which end in EOS
	Temperature float64   // by which log-probabilities are divided
}

// NewLabelScorer returns the label scorer of a task, with the temperature of the checkpoint where the labels are those
// that it was found with.
func NewLabelScorer(folder *checkpoints.Folder, spec task.Spec) LabelScorer {
	s := LabelScorer{labels: spec.Labels, Temperature: 1}
	for _, l := range spec.Labels {
		s.targets = append(s.targets, append(folder.Tokenizer.Encode(l.Text), folder.Tokenizer.EOS()))
	}
	if own := folder.Info.Task; folder.Info.Temperature > 0 && own != nil && sameTexts(own.Labels, spec.Labels) {
		s.Temperature = folder.Info.Temperature
	}
	return s
}

// Logits returns the log-probability of each label's text for each input, as the model has it.
func (s LabelScorer) Logits(ctx context.Context, g *generate.Generator, inputs [][]int32) ([][]float64, error) {
	rows, err := g.TargetLogProbs(ctx, inputs, s.targets)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		for _, v := range row {
			if !floats.IsFinite(v) {
				return nil, errNoNumber
			}
		}
	}
	return rows, nil
}

// Best returns the most probable label of each input.
func (s LabelScorer) Best(ctx context.Context, g *generate.Generator, inputs [][]int32) ([]int, error) {
	if len(inputs) == 0 {
		return nil, nil
	}
	best, logProbs, err := g.Best(ctx, inputs, s.targets)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(logProbs, func(v float64) bool { return !floats.IsFinite(v) }) {
		return best, nil
	}
	return nil, errNoNumber
}

// Scoring all labels takes a row of the decoder and of its output layer for each prefix of their texts: for a hundred
// and fifty labels as much as to train on twenty examples. Where it is more than enough to tell how good the
// probabilities are, an evaluation scores all labels of some examples only.
const (
	calibrationRows     = 1 << 14 // rows of the decoder
	calibrationExamples = 64      // at least
)

// Affordable returns for how many examples an evaluation scores all labels.
func (s LabelScorer) Affordable() int {
	prefixes := make(map[string]bool)
	for _, t := range s.targets {
		for n := range t {
			prefixes[fmt.Sprint(t[:n])] = true
		}
	}
	return max(calibrationExamples, calibrationRows/max(1, len(prefixes)))
}

// shares returns the probabilities of the labels, given their logits, which it overwrites.
func (s LabelScorer) shares(logits []float64) []float64 {
	for i := range logits {
		logits[i] /= s.Temperature
	}
	return Softmax(logits)
}

var errNoNumber = errors.New("the model gives no number: its weights are damaged, copy the checkpoint again")

// Softmax returns the share of each exp(logit) in the sum of all.
func Softmax(logits []float64) []float64 {
	shares := make([]float64, len(logits))
	top := logits[Largest(logits)]
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

// Largest returns the position of the first largest value.
func Largest(values []float64) int {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}

// sameTexts reports whether labels are the same to the model.
func sameTexts(a, b []task.Label) bool {
	return slices.EqualFunc(a, b, func(x, y task.Label) bool { return x.Text == y.Text })
}
