// Package scale maps values to places on an axis, with ticks at round numbers.
//
//	y := scale.Linear(0, 0.9, bottom, top, 8)
//	for _, t := range y.Ticks { line(y.At(t.Value), t.Text) }
package scale

import (
	"math"
	"strconv"
	"strings"
)

// Scale maps values to places.
type Scale struct {
	Low, High float64 // of the values
	From, To  float64 // their places
	Ticks     []Tick
	log       bool
}

// Tick is a value that an axis names.
type Tick struct {
	Value float64
	Text  string
}

// At returns the place of a value.
func (s Scale) At(v float64) float64 {
	low, high := s.Low, s.High
	if s.log {
		v, low, high = math.Log10(v), math.Log10(low), math.Log10(high)
	}
	return s.From + (v-low)/(high-low)*(s.To-s.From)
}

// Linear returns a scale with about n ticks.
func Linear(low, high, from, to float64, count int) Scale {
	// one value, or so near to it that no number lies between ticks
	if high-low <= 1e-9*max(math.Abs(low), math.Abs(high)) {
		by := 0.1 * math.Abs(low)
		if by == 0 {
			by = 0.5
		}
		low, high = low-by, high+by
	}
	s := Scale{Low: low, High: high, From: from, To: to}
	step := nice((high - low) / float64(count))
	first, last := math.Ceil(low/step-1e-6), math.Floor(high/step+1e-6)
	for i := first; i <= last && len(s.Ticks) < 4*count; i++ {
		s.Ticks = append(s.Ticks, Tick{i * step, tickText(i*step, step)})
	}
	return s
}

// nice returns the smallest of 1, 2 and 5 times a power of ten that is not below a rough step.
func nice(rough float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*unit >= 0.999*rough {
			return factor * unit
		}
	}
	return 10 * unit
}

// Logarithmic returns a scale of positive values.
func Logarithmic(low, high, from, to float64, count int) Scale {
	if high <= low*(1+1e-9) {
		low, high = low/2, high*2
	}
	s := Scale{Low: low, High: high, From: from, To: to, log: true}
	decades := math.Log10(high) - math.Log10(low)
	factors := []float64{1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9}
	switch n := float64(count); {
	case decades > n:
		factors = []float64{1}
	case decades > n/3:
		factors = []float64{1, 3}
	case decades > 0.5:
		factors = []float64{1, 2, 5}
	}
	every := max(1, int(math.Ceil(decades/float64(count))))
	for e := int(math.Floor(math.Log10(low))); e <= int(math.Log10(high))+1; e++ {
		if e%every != 0 {
			continue
		}
		for _, f := range factors {
			if v := f * math.Pow(10, float64(e)); v >= 0.999*low && v <= 1.001*high {
				step := math.Pow(10, float64(e))
				if f == 1.5 {
					step /= 2
				}
				s.Ticks = append(s.Ticks, Tick{v, tickText(v, step)})
			}
		}
	}
	return s
}

// tickText writes the value of a tick, all of an axis with the digits after the point that their step needs.
func tickText(v, step float64) string {
	switch size := math.Abs(v); {
	case size < step*1e-6:
		return "0"
	case size >= 1e9, size < 1e-3, size < 1e-2 && step < 5e-4:
		text := strconv.FormatFloat(v, 'e', 1, 64)
		mantissa, exponent, _ := strings.Cut(text, "e")
		sign, digits := exponent[:1], strings.TrimLeft(exponent[1:], "0")
		return strings.TrimSuffix(mantissa, ".0") + "e" + strings.Trim(sign, "+") + digits
	case size >= 1e6:
		return fixed(v/1e6, step/1e6) + "M"
	case size >= 1e4:
		return fixed(v/1e3, step/1e3) + "k"
	default:
		return fixed(v, step)
	}
}

func fixed(v, step float64) string {
	digits := min(6, max(0, -int(math.Floor(math.Log10(step)+1e-9))))
	return strconv.FormatFloat(v, 'f', digits, 64)
}
