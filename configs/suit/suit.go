// Package suit has the rules by which the settings of a fine-tuning follow from its model and its data, where nobody
// gives them. They were measured with models of 9 million parameters on parts of trec and of sst2.
package suit

import (
	"math"

	"t5train/internal/ui"
)

// Facts are what settings follow from. What is 0 is not known, and changes nothing.
type Facts struct {
	Rows       int     // to train on
	HeldOut    int     // rows to evaluate on
	Tokens     float64 // of an input and its target, as the model sees them, on average
	Pretrained bool    // the weights have learnt; else they are random
	Parameters int64   // of pre-trained weights
	NoDropout  bool    // the model was pre-trained without
}

func (f Facts) String() string {
	text := "random weights"
	switch {
	case f.Small():
		text = "trained weights of a small model"
	case f.Pretrained:
		text = "trained weights"
	}
	if f.Rows > 0 {
		text = ui.Grouped(f.Rows) + " rows and " + text
	}
	return text
}

// Small reports whether the weights are those of a pre-trained model whose embedding has rows of an RMS near 1, as
// those pre-trained here have: steps of 1e-3 hardly move them (trec, 1,000 rows, 250 steps: validation accuracy 0.55,
// and 0.73 with steps in proportion to the parameters).
func (f Facts) Small() bool { return f.Pretrained && f.Parameters > 0 && f.Parameters < 40e6 }

// SmallBatch are the examples of a batch for a small model: 16 epochs of 16 are as good as 20 of 32.
const SmallBatch = 16

// SmallDropout is that of a small model that was pre-trained without.
const SmallDropout = 0.1

// maxTokens bounds all that a small or a new model reads of its own accord: about ten minutes of a processor.
const maxTokens = 1.5e6

// Epochs returns the passes over the data with batches of so many examples, of which a step has some. usual is what
// they are for large data.
//
//	rows      100   1,000   9,000
//	epochs     50      16       5    of a small model
func (f Facts) Epochs(usual float64, batch, accumulate int) float64 {
	if f.Rows == 0 || batch == 0 {
		return usual
	}
	if f.Pretrained && !f.Small() {
		const least = 200 // steps
		return max(usual, math.Ceil(least/f.StepsPerEpoch(batch, accumulate)))
	}
	epochs := math.Round(min(50, max(3, 16*math.Sqrt(1000/float64(f.Rows)))))
	if !f.Pretrained {
		epochs = max(usual, epochs)
	}
	if all := float64(f.Rows) * f.Tokens; all > 0 {
		epochs = min(epochs, max(1, math.Floor(maxTokens/all)))
	}
	return epochs
}

// StepsPerEpoch returns how many steps a pass over the data makes, 0 if that is not known.
func (f Facts) StepsPerEpoch(batch, accumulate int) float64 {
	if batch == 0 || accumulate == 0 {
		return 0
	}
	return math.Ceil(float64(f.Rows)/float64(batch)) / float64(accumulate)
}

// EverySteps returns the steps from one evaluation to the next of a run of so many: at most eight evaluations, and none
// more often than every 20 steps.
func EverySteps(steps float64) int { return max(20, int(math.Ceil(steps/8))) }

// MaxHeldOut returns how many rows to evaluate on, so that evaluations take about a quarter of the time; 0 is all.
func (f Facts) MaxHeldOut(epochs float64) int {
	most := max(200, int(0.1*float64(f.Rows)*epochs))
	if f.Rows == 0 || f.HeldOut <= most {
		return 0
	}
	return most
}
