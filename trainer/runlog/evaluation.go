package runlog

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"t5train/internal/floats"
	"t5train/internal/ui"
	"t5train/trainer/metric"
)

// Evaluation is what an evaluation saw besides its metrics.
type Evaluation struct {
	Step  int     `json:"step"`
	Epoch float64 `json:"epoch"`

	// Of a classification: the number of examples by true label (row) and predicted label (column); one more column
	// counts predictions that are no label. With more than maxLabels labels it is left out.
	Labels    []string `json:"labels,omitempty"`
	Confusion [][]int  `json:"confusion,omitempty"`

	// Of a task alone: how many answers are right of those of which the model is the surest.
	Coverage []metric.Coverage `json:"coverage,omitempty"`

	Best    []Example `json:"best,omitempty"`    // the examples of the smallest losses, the smallest first
	Worst   []Example `json:"worst,omitempty"`   // of the largest, the largest first
	Samples []string  `json:"samples,omitempty"` // lines that show what a model in pre-training fills into spans

	Constants []Constant `json:"constants,omitempty"` // of the task, or of the components of a mixture that have one
	Notes     []ui.Note  `json:"notes,omitempty"`
}

// Example is one example with what the model says to it. Texts are cut: see [Clip].
type Example struct {
	Index       int      `json:"index"` // in the data set, from 0
	Loss        float64  `json:"loss"`  // nats: of the right label, or the mean over the target's tokens
	Input       string   `json:"input"`
	Target      string   `json:"target"`
	Prediction  string   `json:"prediction,omitempty"`
	Probability *float64 `json:"probability,omitempty"` // of the prediction, of a classification
}

// maxLabels bounds the confusion matrix that is kept: a hundred thousand numbers at most.
const maxLabels = 300

// Confuse sets the confusion matrix, if it is not too large.
func (e *Evaluation) Confuse(labels []string, confusion [][]int) {
	if len(labels) > maxLabels {
		return
	}
	e.Labels = make([]string, len(labels))
	for i, l := range labels {
		e.Labels[i] = Clip(l)
	}
	e.Confusion = confusion
}

// kept is the number of best and of worst examples.
const kept = 20

// Extremes finds the examples of the smallest and the largest losses, of equal ones the first.
type Extremes struct{ best, worst []Example }

// Add looks at an example. Its texts may still be missing.
func (x *Extremes) Add(e Example) {
	if !floats.IsFinite(e.Loss) {
		return // which JSON cannot hold
	}
	x.best = insert(x.best, e, func(a,
		b Example) int {
		return cmp.Or(cmp.Compare(a.Loss, b.Loss), cmp.Compare(a.Index, b.Index))
	})
	x.worst = insert(x.worst, e, func(a,
		b Example) int {
		return cmp.Or(cmp.Compare(b.Loss, a.Loss), cmp.Compare(a.Index, b.Index))
	})
}

func insert(list []Example, e Example, order func(a, b Example) int) []Example {
	if len(list) == kept && order(e, list[kept-1]) > 0 {
		return list
	}
	at, _ := slices.BinarySearchFunc(list, e, order)
	list = slices.Insert(list, at, e)
	return list[:min(len(list), kept)]
}

// Fill gives the extremes to an evaluation, with the texts that text returns.
func (x *Extremes) Fill(e *Evaluation, text func(index int) (input, target string)) {
	for _, list := range [][]Example{x.best, x.worst} {
		for i := range list {
			input, target := text(list[i].Index)
			list[i].Input, list[i].Target, list[i].Prediction = Clip(input), Clip(target), Clip(list[i].Prediction)
		}
	}
	e.Best, e.Worst = x.best, x.worst
}

// maxText bounds a text that is kept, in bytes.
const maxText = 600

// Clip returns a text in valid UTF-8, cut with an ellipsis where it is too long.
func Clip(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
