package runlog

import (
	"slices"

	"t5train/data"
)

// Lengths says how long the examples of a data set are, in tokens with their end, as the model sees them.
type Lengths struct {
	Examples int       `json:"examples"` // of the data set
	Sampled  int       `json:"sampled"`  // how many of them, evenly spread, were measured
	Inputs   Histogram `json:"inputs"`
	Targets  Histogram `json:"targets"`
}

// Histogram counts lengths in bins of equal width: bin i holds those from i*Width up to (i+1)*Width-1.
type Histogram struct {
	Width  int     `json:"width"`
	Counts []int   `json:"counts"`
	Mean   float64 `json:"mean"`
	Median int     `json:"median"`
	P95    int     `json:"p95"` // 95 of 100 are not longer
	Max    int     `json:"max"`
	Cut    int     `json:"cut"` // that were longer than their limit, of the whole data set
}

// maxMeasured bounds the examples that are measured: each may have to be made first, of text and noise.
const maxMeasured = 10000

// Measure returns the lengths of a source.
func Measure(s data.Source) Lengths {
	if s == nil {
		return Lengths{}
	}
	n := s.Len()
	l := Lengths{Examples: n, Sampled: min(n, maxMeasured)}
	inputs, targets := make([]int, l.Sampled), make([]int, l.Sampled)
	var b data.Batch
	for i := range l.Sampled {
		b.Reset()
		s.Append(0, int(int64(i)*int64(n)/int64(l.Sampled)), &b)
		inputs[i], targets[i] = len(b.Inputs.IDs), len(b.Labels.IDs)
	}
	l.Inputs, l.Targets = newHistogram(inputs), newHistogram(targets)
	if e, ok := s.(*data.Examples); ok {
		l.Inputs.Cut, l.Targets.Cut = e.CutInputs, e.CutTargets
	}
	return l
}

// maxBins is about what a small chart has room for.
const maxBins = 40

// newHistogram counts lengths, which it sorts.
func newHistogram(lengths []int) Histogram {
	if len(lengths) == 0 {
		return Histogram{Width: 1}
	}
	slices.Sort(lengths)
	n := len(lengths)
	h := Histogram{Median: lengths[n/2], P95: lengths[min(n-1, n*95/100)], Max: lengths[n-1]}
	h.Width = binWidth(h.Max)
	h.Counts = make([]int, h.Max/h.Width+1)
	sum := 0
	for _, length := range lengths {
		h.Counts[length/h.Width]++
		sum += length
	}
	h.Mean = float64(sum) / float64(n)
	return h
}

// binWidth returns the smallest of 1, 2, 5, 10, 20, 50... that needs no more than maxBins bins.
func binWidth(most int) int {
	for unit := 1; ; unit *= 10 {
		for _, factor := range []int{1, 2, 5} {
			if width := unit * factor; most/width < maxBins {
				return width
			}
		}
	}
}
