package report

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"t5train/data/task"
	"t5train/internal/ui"
)

// Glance is what the reader of a run wants to know first.
type Glance struct {
	Facts    [][2]string `json:"facts"` // what was trained, each with its name
	Judgment string      `json:"judgment"`
	Verdict  string      `json:"verdict"` // a sentence: whether it is worth using
	Constant *float64    `json:"constant"`
	Answer   string      `json:"answer"`  // the constant one
	Perfect  *float64    `json:"perfect"` // the best value that Metric can have; nil where it has none
	Smaller  bool        `json:"smaller"` // values of Metric are better
	Next     []string    `json:"next"`    // command lines
}

// The judgments.
const (
	Good    = "good" // it has learned the greater part of what can be learned
	Weak    = "weak" // it is better than a constant answer
	Poor    = "poor" // it is not
	Unknown = ""
)

// glance returns what is to be said first of a run.
func (r *Run) glance() Glance {
	g := Glance{Facts: r.facts()}
	g.Constant, g.Answer = r.constant()
	m := task.MetricOf(r.Metric)
	perfect := 1.0
	if m.Percent {
		perfect = 100
	}
	if g.Smaller = m.Smaller; !m.Smaller && !m.Unbounded && r.Metric != "" {
		g.Perfect = &perfect
	}
	g.Judgment, g.Verdict = r.judge(g)
	return g
}

// judge says whether a model is worth using: by how far it is on the way from a constant answer to no mistake.
func (r *Run) judge(g Glance) (judgment, verdict string) {
	switch {
	case r.Best == nil && r.State == Running:
		return Unknown, "It has not been evaluated yet."
	case r.Best == nil:
		return Unknown, "It was not evaluated: how good it is shows on data that it is not trained on."
	case g.Smaller:
		return Unknown, fmt.Sprintf("Smaller values of %s are better, and there is no best one: fine-tune it on a "+
			"task, or score texts with it, to see what it is worth.", r.Metric)
	case g.Constant == nil || g.Perfect == nil:
		return Unknown, "There is no constant answer to compare it with: read the examples below."
	}
	if *g.Constant >= *g.Perfect {
		return Unknown, "A constant answer is right for all examples: they do not show what a model is worth."
	}
	learned := (*r.Best - *g.Constant) / (*g.Perfect - *g.Constant)
	far := fmt.Sprintf("it is %.0f %% of the way from there to no mistake.", 100*learned)
	switch {
	case learned <= 0:
		return Poor, "It is not worth using: a constant answer is as good."
	case learned < 0.5:
		return Weak, "It is better than a constant answer, and far from good: " + far
	default:
		return Good, "It is much better than a constant answer: " + far
	}
}

// facts returns what was trained, from what, on what and for how long.
func (r *Run) facts() (facts [][2]string) {
	add := func(name string, parts ...string) {
		var known []string
		for _, p := range parts {
			if p != "" {
				known = append(known, p)
			}
		}
		if len(known) > 0 {
			facts = append(facts, [2]string{name, strings.Join(known, ", ")})
		}
	}
	count := func(n int, unit string) string {
		if n == 0 {
			return ""
		}
		return ui.Grouped(n) + " " + unit
	}
	fresh := "new weights"
	if r.Setting("model.path") != "" || r.Model == "" {
		fresh = ""
	}
	add("task", r.Task)
	add("model", r.Model, count(int(r.Record.Parameters), "parameters"), fresh)
	add("trained on", strings.Trim(r.Setting("data.train"), "[]"),
		count(r.Record.Lengths["train"].Examples, "examples"))
	add("evaluated on", strings.Trim(r.Setting("data.validation"), "[]"),
		count(r.Record.Lengths["validation"].Examples, "examples"))
	steps := count(r.Step, "steps")
	if r.Steps > 0 {
		steps = fmt.Sprintf("%s of %s steps", ui.Grouped(r.Step), ui.Grouped(r.Steps))
	}
	epochs, spent := "", ""
	if n := len(r.Train.Step); n > 0 {
		if epoch := float64(r.Train.Epoch[n-1]); epoch > 0 && epoch < 1e6 {
			epochs = fmt.Sprintf("%.3g epochs", epoch)
		}
		if seconds := float64(r.Train.Seconds[n-1]); seconds >= 1 && seconds < 1e9 {
			spent = time.Duration(seconds*float64(time.Second)).Round(time.Second).String() + " of training"
		}
	}
	add(cmp.Or(r.State, "state"), steps, epochs, spent)
	return facts
}
