package trainer

import (
	"errors"
	"math"

	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/model/decode"
)

// labelScorer are the texts of a classification's labels as targets, which end in EOS. The answer is the label whose text
// the model finds most probable (rank classification): it is always a label, and the probabilities add up to 1.
type labelScorer [][]int32

func newLabelScorer(tok *tokenizer.Tokenizer, spec task.Spec) labelScorer {
	var texts labelScorer
	for _, l := range spec.Labels {
		texts = append(texts, append(tok.Encode(l.Text), tok.EOS()))
	}
	return texts
}

// probabilities returns the probability of each label for each input.
func (t labelScorer) probabilities(g *decode.Generator, inputs [][]int32) ([][]float64, error) {
	rows, err := g.Score(inputs, t)
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		rows[i] = softmax(row)
		if math.IsNaN(rows[i][0]) {
			return nil, errNoNumber
		}
	}
	return rows, nil
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
