package report

import (
	"maps"
	"math"
	"slices"
	"strconv"

	"t5train/internal/floats"
	"t5train/trainer/runlog"
)

// Lines are lines of a run of one kind, as columns of the same length.
type Lines struct {
	Step    []int              `json:"step"`
	Epoch   []Number           `json:"epoch"`
	Seconds []Number           `json:"seconds"` // of training, over all processes
	Values  map[string]Numbers `json:"values"`  // by the name in the line; NaN where a line lacks it
	Merged  int                `json:"merged"`  // lines that a row is the mean of, 1 where there are not too many
}

// Number is written with as many digits as a curve shows; NaN is null.
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if !floats.IsFinite(float64(n)) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', 6, 64), nil
}

// largest bounds what is drawn, so that no difference of two values is infinite. Damaged files may hold more.
const largest = 1e100

func numberOf(v float64) Number { return Number(min(max(v, -largest), largest)) } // NaN stays

// Numbers are a column.
type Numbers []Number

// maxRows bounds the rows of a curve: no screen shows more.
const maxRows = 2000

// newLines returns the steps and the evaluations of a run that these processes have trained.
func newLines(h runlog.History, sessions []runlog.Session) (train, eval Lines) {
	seconds := elapsed(h.Train, sessions)
	train = trainLines(h.Train, seconds)
	eval.Merged = 1
	eval.Values = make(map[string]Numbers)
	at := 0
	for i, e := range h.Eval {
		for at < len(h.Train) && h.Train[at].Step <= e.Step {
			at++
		}
		spent := 0.0
		if at > 0 {
			spent = seconds[at-1]
		}
		eval.Step = append(eval.Step, e.Step)
		eval.Epoch = append(eval.Epoch, numberOf(e.Epoch))
		eval.Seconds = append(eval.Seconds, numberOf(spent))
		for _, name := range slices.Sorted(maps.Keys(e.Metrics)) {
			column := eval.Values[name]
			for len(column) < i {
				column = append(column, Number(math.NaN()))
			}
			eval.Values[name] = append(column, numberOf(e.Metrics[name]))
		}
	}
	for name, column := range eval.Values {
		for len(column) < len(h.Eval) {
			column = append(column, Number(math.NaN()))
		}
		eval.Values[name] = column
	}
	return train, eval
}

// elapsed returns the time of training up to each line. Each process counts its own from 0. Where one begins that is
// not among the sessions, it is known by a time that is less than the one before.
func elapsed(lines []runlog.Train, sessions []runlog.Session) []float64 {
	var starts []int // steps that the processes resumed from
	for _, s := range sessions {
		for len(starts) > 0 && starts[len(starts)-1] >= s.Step { // what that one did is lost
			starts = starts[:len(starts)-1]
		}
		starts = append(starts, s.Step)
	}
	all := make([]float64, len(lines))
	before, last := 0.0, 0.0
	for i, t := range lines {
		begins := t.Seconds < last
		for len(starts) > 0 && starts[0] < t.Step {
			starts, begins = starts[1:], true
		}
		if begins {
			before += last
		}
		last = t.Seconds
		all[i] = before + last
	}
	return all
}

// trainLines merges neighbours into their mean, where there are too many. A loss is a mean already.
func trainLines(lines []runlog.Train, seconds []float64) Lines {
	l := Lines{Merged: (len(lines) + maxRows - 1) / maxRows, Values: make(map[string]Numbers)}
	l.Merged = max(1, l.Merged)
	for from := 0; from < len(lines); from += l.Merged {
		group := lines[from:min(len(lines), from+l.Merged)]
		last := group[len(group)-1]
		l.Step = append(l.Step, last.Step)
		l.Epoch = append(l.Epoch, numberOf(last.Epoch))
		l.Seconds = append(l.Seconds, numberOf(seconds[from+len(group)-1]))
		mean := func(name string, value func(runlog.Train) float64) {
			sum := 0.0
			for _, t := range group {
				sum += value(t)
			}
			l.Values[name] = append(l.Values[name], numberOf(sum/float64(len(group))))
		}
		mean("loss", func(t runlog.Train) float64 { return t.Loss })
		mean("learning_rate", func(t runlog.Train) float64 { return t.LearningRate })
		mean("grad_norm", func(t runlog.Train) float64 { return t.GradNorm })
		mean("tokens_per_second", func(t runlog.Train) float64 { return t.TokensPerSecond })
		mean("fma_peak_share", func(t runlog.Train) float64 { return 100 * t.PeakShare })
		mean("peak_memory_mb", func(t runlog.Train) float64 {
			if t.PeakMemoryMB == 0 { // not known
				return math.NaN()
			}
			return t.PeakMemoryMB
		})
	}
	return l
}

// smooth averages each point with those before it, as TensorBoard does: their weights fall by the share, and those of
// the first points add up to 1 too.
func smooth(values []float64, share float64) []float64 {
	averages := make([]float64, len(values))
	var sum, weight float64
	for i, v := range values {
		sum = sum*share + (1-share)*v
		weight = weight*share + (1 - share)
		averages[i] = sum / weight
	}
	return averages
}
