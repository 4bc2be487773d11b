package task

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"t5train/data/table"
	"t5train/internal/floats"
)

// NoLabel marks rows without a label, as test splits have them whose labels are hidden.
const NoLabel = -1

// label finds the class of the label that a cell holds. A string is a label's name or text, so that a file with words
// can be evaluated on a model trained with numbers; anything else is a label's value.
func (s Spec) label(c table.Cell) (int, error) {
	found := func(is func(Label) bool) int { return slices.IndexFunc(s.Labels, is) }
	i := -1
	switch c.Kind {
	case table.Null:
		return 0, fmt.Errorf("label column %s is null: drop rows without a label", s.LabelColumn)
	case table.String:
		if i = found(func(l Label) bool { return c.Str == l.Name }); i < 0 {
			i = s.Decode(c.Str)
		}
	default:
		value := c.Text()
		i = found(func(l Label) bool { return value == l.Value })
	}
	if i >= 0 {
		return i, nil
	}
	remedy := "correct the row, or list every label with task.labels"
	if c.Kind == table.Int && c.Int == NoLabel {
		remedy = "-1 marks rows without a label, as test splits have them: use another file"
	}
	return 0, fmt.Errorf("label column %s holds %v, want one of %s: %s", s.LabelColumn, c, Describe(s.Labels), remedy)
}

// Decode returns the class of the label whose text a model wrote, white space at both ends aside, or -1.
func (s Spec) Decode(text string) int {
	text = strings.TrimSpace(text)
	return slices.IndexFunc(s.Labels, func(l Label) bool { return text == strings.TrimSpace(l.Text) })
}

// Describe lists labels as a message shows them, the first of many: 0 (ham), 1 (spam).
func Describe(labels []Label) string {
	const most = 10
	var shown []string
	for _, l := range labels[:min(len(labels), most)] {
		text := l.Name
		if l.Value != "" && l.Value != l.Name {
			text = fmt.Sprintf("%s (%s)", l.Value, l.Name)
		}
		if l.Text != l.Name {
			text += fmt.Sprintf(" written %q", l.Text)
		}
		shown = append(shown, text)
	}
	if len(labels) > most {
		shown = append(shown, fmt.Sprintf("... (%d labels)", len(labels)))
	}
	return strings.Join(shown, ", ")
}

// WithTexts returns labels that are written in another way, with as many texts.
func WithTexts(labels []Label, texts []string) []Label {
	labels = slices.Clone(labels)
	for i := range labels {
		labels[i].Text = texts[i]
	}
	return labels
}

// LabelText returns what the model writes for a cell of the label column of a classification.
func (s Spec) LabelText(c table.Cell) (string, error) {
	i, err := s.label(c)
	if err != nil {
		return "", err
	}
	return s.Labels[i].Text, nil
}

// DefaultRoundTo is that of STS-B, whose labels are nearly all multiples of 0.2 (t5/data/preprocessors.py, stsb).
const DefaultRoundTo = 0.2

// The bounds of round_to: what is beyond is taken for a mistake.
const MinRoundTo, MaxRoundTo = 1e-6, 1e6

// NoNumber is what an answer counts as that is no number (t5/data/postprocessors.py, string_to_float).
const NoNumber = -1

// Number reads an answer as a number. ok is false for what is none, for infinities and NaN; v is [NoNumber] then.
func Number(answer string) (v float64, ok bool) {
	answer = strings.TrimSpace(answer)
	v, err := strconv.ParseFloat(answer, 64)
	if err != nil || !floats.IsFinite(v) || strings.ContainsAny(answer, "xX_") {
		return NoNumber, false
	}
	return v, true
}

// WriteNumber writes the multiple of roundTo that is nearest to a value, of two the even one, with as many decimals as
// roundTo has: 2.917 -> 3.0 with 0.2. It finds the multiple in float32 as T5 does: 0.1, which float32 makes a little
// larger, is exactly half of 0.2 there, and becomes 0.0. Numbers of so many multiples that float32 could be off by one
// are computed in float64, and those of too many for that are written as they are.
func WriteNumber(value, roundTo float64) string {
	const float32Multiples, float64Multiples = 1 << 20, 1 << 53
	perUnit := 1 / roundTo
	multiple := math.RoundToEven(value * perUnit)
	if math.Abs(multiple) < float32Multiples {
		multiple = math.RoundToEven(float64(float32(value) * float32(perUnit)))
	}
	_, fraction, _ := strings.Cut(strconv.FormatFloat(roundTo, 'f', -1, 64), ".")
	v := multiple / perUnit
	switch {
	case multiple == 0:
		v = 0 // and not -0
	case math.Abs(multiple) >= float64Multiples:
		v = value
	}
	return strconv.FormatFloat(v, 'f', len(fraction), 64)
}

// number returns the value of a label cell of Regression.
func (s Spec) number(c table.Cell) (float64, error) {
	v, ok := c.Number()
	switch {
	case ok:
		return v, nil
	case c.Kind == table.Null:
		return 0, fmt.Errorf("label column %s is null: drop rows without a number", s.LabelColumn)
	case c.Kind == table.Float:
		return 0, fmt.Errorf("label column %s holds %v, want a finite number: drop the row", s.LabelColumn, c)
	}
	return 0, fmt.Errorf("label column %s holds %v, want a number", s.LabelColumn, c)
}
