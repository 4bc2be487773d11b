package sweep

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"t5train/internal/visible"
)

// Result is what a sweep has found so far.
type Result struct {
	Output  string
	Command string
	Search  []Key
	Shares  []float64 // parts of a run at which trials are compared
	Metric  string    // that decides; "" before the first evaluation
	Trials  []Trial   // by their numbers
	Best    int       // number of the best trial; -1 without one
	Base    map[string]string
	Gains   // nil before the end, or where nothing is to be compared

	Interrupted bool // ctx ended: the same call goes on
	Late        bool // something was not begun, or not ended, for want of time
}

// Gains is what the best settings have gained over trial 0.
type Gains struct {
	Validation *Gain `json:"validation"`
	Test       *Gain `json:"test"`
}

// Gain compares two models on the same examples.
type Gain struct {
	Metric   string   `json:"metric"`
	Examples int      `json:"examples"`
	Defaults float64  `json:"defaults"` // value of trial 0
	Best     float64  `json:"best"`
	Low      *float64 `json:"low"` // 95 % interval of Best - Defaults, over samples of the examples; nil without one
	High     *float64 `json:"high"`
}

// Read returns what is in the folder of a sweep.
func Read(output string) (*Result, error) {
	rec, err := readJSON[record](filepath.Join(output, recordName))
	if err != nil {
		return nil, err
	}
	trials, err := readTrials(output)
	if err != nil {
		return nil, err
	}
	spec := Spec{Rungs: min(max(rec.Rungs, 1), 10), Reduction: max(rec.Reduction, 2)}
	r := &Result{Output: output, Command: rec.Command, Search: rec.Search, Shares: spec.shares(), Trials: trials,
		Base: rec.Base, Metric: metricOf(output, len(trials))}
	r.Best = best(trials, r.Metric, len(r.Shares))
	if c, err := readJSON[comparison](filepath.Join(output, resultName)); err == nil && c.of(r) {
		r.Gains = c.Gains
	}
	return r, nil
}

// IsSweep reports whether a folder is one of a sweep.
func IsSweep(output string) bool { return exists(output) }

// Order returns the numbers of the trials, the best first: those that came farther first, and those that failed last.
func (r *Result) Order() []int {
	order := make([]int, len(r.Trials))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := r.Trials[a], r.Trials[b]
		if c := cmp.Compare(btoi(x.Failed != ""), btoi(y.Failed != "")); c != 0 {
			return c
		}
		if c := cmp.Compare(len(y.Rungs), len(x.Rungs)); c != 0 {
			return c
		}
		return cmp.Or(x.compare(y, r.Metric, len(x.Rungs)-1), cmp.Compare(a, b))
	})
	return order
}

// Columns returns the names of the searched keys as a table has them: without their section where that is clear.
func (r *Result) Columns() []string {
	count := map[string]int{}
	short := func(path string) string {
		switch own := path[strings.LastIndexByte(path, '.')+1:]; own {
		case "name", "path", "size": // of anything
			return path
		default:
			return own
		}
	}
	for _, k := range r.Search {
		count[short(k.Path)]++
	}
	var names []string
	for _, k := range r.Search {
		if name := short(k.Path); count[name] == 1 {
			names = append(names, name)
		} else {
			names = append(names, k.Path)
		}
	}
	return names
}

// Setting returns the value of a searched key in a trial, in YAML; "" if it is unset.
func (r *Result) Setting(t Trial, key string) string {
	for _, v := range t.Settings {
		if v.Key == key {
			return v.Text
		}
	}
	return r.Base[key]
}

// Row returns the cells of a trial's line: its number, its settings, state, value and step of the best checkpoint.
func (r *Result) Row(t Trial) []string {
	cells := []string{strconv.Itoa(t.Number)}
	for _, k := range r.Search {
		cells = append(cells, cmp.Or(r.Setting(t, k.Path), "-"))
	}
	value, step := "-", "-"
	if at := t.Last(); at != nil {
		value, step = fmt.Sprintf("%.4f", *at.Value), strconv.Itoa(at.BestStep)
	}
	return append(cells, t.state(r.Shares), value, step)
}

// WriteTable writes the trials for a person, the best first, and why some failed.
func (r *Result) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	head := slices.Concat([]string{"trial"}, r.Columns(), []string{"state", cmp.Or(r.Metric, "value"), "at step"})
	fmt.Fprintln(t, strings.ToUpper(strings.Join(head, "\t")))
	for _, n := range r.Order() {
		cells := r.Row(r.Trials[n])
		for i := range cells {
			cells[i] = visible.Line(cells[i])
		}
		if n == 0 {
			cells[0] = "0 (as it is)"
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, trial := range r.Trials {
		if trial.Failed != "" {
			if _, err := fmt.Fprintf(w, "trial %d failed: %s\n", trial.Number, visible.Line(trial.Failed)); err != nil {
				return err
			}
		}
	}
	return nil
}

// String says what was gained, as "accuracy 0.8130 -> 0.8280, +0.0150 (95 % interval -0.0020 to +0.0310) on 872 rows".
func (g *Gain) String() string {
	text := fmt.Sprintf("%s %.4f -> %.4f, %+.4f", g.Metric, g.Defaults, g.Best, g.Best-g.Defaults)
	if g.Low != nil {
		text += fmt.Sprintf(" (95 %% interval %+.4f to %+.4f)", *g.Low, *g.High)
	}
	return fmt.Sprintf("%s on %d rows", text, g.Examples)
}

// String says what is tried of a key, as its file does.
func (k Key) String() string {
	switch {
	case len(k.Values) > 0:
		return "[" + strings.Join(k.Values, ", ") + "]"
	case k.Log:
		return fmt.Sprintf("log_uniform %g to %g", k.Low, k.High)
	case k.Whole:
		return fmt.Sprintf("integers %g to %g", k.Low, k.High)
	}
	return fmt.Sprintf("uniform %g to %g", k.Low, k.High)
}

// Effect is how much of the differences between trials goes with a key.
type Effect struct {
	Key   string
	Share float64 // of the variance of the trials' places, from 0 to 1
}

// Effects returns how much each key mattered, the most first: the share of the variance of the trials' places at the
// first rung, which all of them have reached, that the means of groups explain. A group has a value of a list, or a
// part of a range that holds as many trials as the others. Groups explain a part of any variance by chance alone, which
// is taken off (epsilon squared, Kelley 1935). It tells nothing of keys that only matter together, nor of what matters
// later in a run, and little where there are few trials: with fewer than eight, nothing is returned.
func (r *Result) Effects() []Effect {
	order := ranked(r.Trials, r.Metric, 0)
	if len(order) < 8 {
		return nil
	}
	var effects []Effect
	for _, k := range r.Search {
		effects = append(effects, Effect{k.Path, explained(r.groups(k, order))})
	}
	slices.SortStableFunc(effects, func(a, b Effect) int { return cmp.Compare(b.Share, a.Share) })
	return effects
}

// groups returns the places of trials by their values of a key.
func (r *Result) groups(k Key, order []int) [][]float64 {
	byValue := map[string][]float64{}
	if len(k.Values) > 0 {
		for place, n := range order {
			text := r.Setting(r.Trials[n], k.Path)
			byValue[text] = append(byValue[text], float64(place))
		}
	} else {
		type point struct{ value, place float64 }
		var points []point
		for place, n := range order {
			if v, err := strconv.ParseFloat(r.Setting(r.Trials[n], k.Path), 64); err == nil {
				points = append(points, point{v, float64(place)})
			}
		}
		slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.value, b.value) })
		parts := min(4, len(points)/4)
		for i, p := range points {
			name := strconv.Itoa(i * parts / len(points))
			byValue[name] = append(byValue[name], p.place)
		}
	}
	var groups [][]float64
	for _, g := range byValue {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, slices.Compare[[]float64]) // for the same bits of sums
	return groups
}

// explained returns the share of the variance that the means of groups explain, less what they do by chance.
func explained(groups [][]float64) float64 {
	n, sum := 0.0, 0.0
	for _, g := range groups {
		for _, v := range g {
			n, sum = n+1, sum+v
		}
	}
	mean, within, all := sum/n, 0.0, 0.0
	for _, g := range groups {
		own := 0.0
		for _, v := range g {
			own += v / float64(len(g))
		}
		for _, v := range g {
			within += (v - own) * (v - own)
			all += (v - mean) * (v - mean)
		}
	}
	free := n - float64(len(groups))
	if free <= 0 || all == 0 {
		return 0
	}
	return math.Max(0, 1-within/free*(n-1)/all)
}
