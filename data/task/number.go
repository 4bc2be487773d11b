package task

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"t5train/data/table"
)

// DefaultStep is the step of STS-B, whose labels are nearly all multiples of 0.2 (t5/data/preprocessors.py, stsb).
const DefaultStep = 0.2

// The bounds of a step: what is beyond is taken for a mistake.
const minStep, maxStep = 1e-6, 1e6

// NoNumber is what an answer counts as that is no number (t5/data/postprocessors.py, string_to_float).
const NoNumber = -1

// Number reads an answer as a number. ok is false for what is none, for infinities and NaN; v is [NoNumber] then.
func Number(answer string) (v float64, ok bool) {
	answer = strings.TrimSpace(answer)
	v, err := strconv.ParseFloat(answer, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) || strings.ContainsAny(answer, "xX_") {
		return NoNumber, false
	}
	return v, true
}

// writeNumber writes the multiple of step that is nearest to a value, of two the even one, with as many decimals as the
// step has: 2.917 -> 3.0 with step 0.2. It finds the multiple in float32 as T5 does: 0.1, which float32 makes a little
// larger, is exactly half a step there, and becomes 0.0. Numbers of so many steps that float32 could be off by one are
// computed in float64, and those of too many for that are written as they are.
func writeNumber(value, step float64) string {
	const float32Steps, float64Steps = 1 << 20, 1 << 53
	perUnit := 1 / step
	multiple := math.RoundToEven(value * perUnit)
	if math.Abs(multiple) < float32Steps {
		multiple = math.RoundToEven(float64(float32(value) * float32(perUnit)))
	}
	decimals := 0
	if _, fraction, ok := strings.Cut(strconv.FormatFloat(step, 'f', -1, 64), "."); ok {
		decimals = len(fraction)
	}
	v := multiple / perUnit
	switch {
	case multiple == 0:
		v = 0 // and not -0
	case math.Abs(multiple) >= float64Steps:
		v = value
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

// number returns the value of a label cell of Regression.
func (s Spec) number(c table.Cell) (float64, error) {
	v := c.Float
	switch c.Kind {
	case table.Null:
		return 0, fmt.Errorf("label column %s is null: drop rows without a number", s.LabelColumn)
	case table.Float:
	case table.Int:
		v = float64(c.Int)
	default:
		return 0, fmt.Errorf("label column %s holds %v, want a number", s.LabelColumn, c)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("label column %s holds %v, want a finite number: drop the row", s.LabelColumn, c)
	}
	return v, nil
}
