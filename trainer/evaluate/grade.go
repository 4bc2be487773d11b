package evaluate

import (
	"fmt"
	"slices"
	"strings"

	"t5train/data/task"
	"t5train/trainer/metric"
	"t5train/trainer/metric/texts"
)

// grader compares answers that a model generates with the references of held-out examples, by the metrics of a task.
type grader interface {
	metric.Sampled
	// Add counts the answer to one example.
	Add(answer string, ref task.Reference) error
	// Counts returns how many answers, or parts of them, could not be read: those that the metrics take for wrong ones.
	Counts() []metric.Value
	// Signatures says how the values were computed, a line for each tool that has a form for it.
	Signatures() []string
}

// newGrader returns the grader of a task whose answers are generated. copied returns a text as a model that copies it
// can write it: the tokenizer may not have all characters. A metric that is not for the task is an error.
func newGrader(spec task.Spec, copied func(text string) string) (grader, error) {
	if err := checkMetrics(spec); err != nil {
		return nil, err
	}
	switch spec.Kind() {
	case task.Numbers:
		r, err := new(metric.Regression).Only(spec.Metrics...)
		if err != nil {
			return nil, err
		}
		return &numberGrader{Regression: r}, nil
	case task.Entities:
		g := &entityGrader{spec: spec, copied: copied}
		if slices.Contains(spec.Metrics, task.Seqeval) { // all of them
			return g, nil
		}
		return limitedGrader{g, spec.Metrics}, nil
	case task.Referents:
		return &referentGrader{}, nil
	default:
		return newTextGrader(spec.MetricNames())
	}
}

// checkMetrics finds a name of which there would be no value.
func checkMetrics(spec task.Spec) error {
	known := spec.Kind().Metrics()
	for _, name := range spec.Metrics {
		if !slices.Contains(known, name) {
			return fmt.Errorf("metric %q is not for %s, want some of %s", name, spec.Name, strings.Join(known, ", "))
		}
	}
	return nil
}

// limitedGrader shows the metrics that are asked for.
type limitedGrader struct {
	grader
	asked []string
}

func (g limitedGrader) Result() []metric.Value { return only(g.grader.Result(), g.asked) }

func (g limitedGrader) Sample(index []int) []metric.Value {
	return only(g.grader.Sample(index), g.asked)
}

// textGrader compares texts by metrics, of which several may have one computation in common, as all of ROUGE.
type textGrader struct {
	computed []texts.Metric
	texts    []*texts.Total // of each of them
	metrics  []textMetric
}

// textMetric is a name that was asked for: a value of one of textGrader.computed, or all of them.
type textMetric struct {
	name, value string // value is empty for all
	at          int    // in textGrader.computed
}

func newTextGrader(names []string) (*textGrader, error) {
	g := &textGrader{}
	for _, name := range names {
		computed, value, err := texts.Of(name)
		if err != nil {
			return nil, err
		}
		at := slices.Index(g.computed, computed)
		if at < 0 {
			at = len(g.computed)
			g.computed, g.texts = append(g.computed, computed), append(g.texts, texts.New(computed))
		}
		g.metrics = append(g.metrics, textMetric{name, value, at})
	}
	return g, nil
}

func (g *textGrader) Add(answer string, ref task.Reference) error {
	for _, t := range g.texts {
		if err := t.Add(answer, ref.Texts); err != nil {
			return err
		}
	}
	return nil
}

func (g *textGrader) Len() int { return g.texts[0].Len() }

func (g *textGrader) Result() []metric.Value { return g.values((*texts.Total).Result) }

func (g *textGrader) Sample(index []int) []metric.Value {
	return g.values(func(t *texts.Total) []metric.Value { return t.Sample(index) })
}

func (g *textGrader) values(of func(*texts.Total) []metric.Value) []metric.Value {
	results := make([][]metric.Value, len(g.texts))
	for i, t := range g.texts {
		results[i] = of(t)
	}
	var values []metric.Value
	for _, m := range g.metrics {
		for _, v := range results[m.at] {
			switch m.value {
			case "":
				values = append(values, v)
			case v.Name:
				values = append(values, metric.Value{Name: m.name, Value: v.Value})
			}
		}
	}
	return values
}

// only returns the values of the names, all without names.
func only(values []metric.Value, names []string) []metric.Value {
	if len(names) == 0 {
		return values
	}
	var kept []metric.Value
	for _, name := range names {
		for _, v := range values {
			if v.Name == name {
				kept = append(kept, v)
			}
		}
	}
	return kept
}

func (g *textGrader) Counts() []metric.Value { return nil }

func (g *textGrader) Signatures() []string {
	var lines []string
	for i, t := range g.texts {
		var names []string
		for _, m := range g.metrics {
			if m.at == i {
				names = append(names, m.name)
			}
		}
		lines = append(lines, strings.Join(names, ", ")+": "+t.Signature())
	}
	return lines
}

// numberGrader compares numbers. An answer that is no number counts as -1, as in the T5 library.
type numberGrader struct {
	*metric.Regression
	unreadable int
}

func (g *numberGrader) Add(answer string, ref task.Reference) error {
	number, ok := task.Number(answer)
	if !ok {
		g.unreadable++
	}
	return g.Regression.Add(ref.Number, number)
}

// Counts returns how many answers are unreadable: the answers that are no numbers.
func (g *numberGrader) Counts() []metric.Value {
	return []metric.Value{{Name: "unreadable", Value: float64(g.unreadable)}}
}

func (g *numberGrader) Signatures() []string { return nil }

// entityGrader compares tags.
type entityGrader struct {
	metric.Tagging
	spec   task.Spec
	copied func(text string) string
	lost   int
}

func (g *entityGrader) Add(answer string, ref task.Reference) error {
	tokens := make([]string, len(ref.Tokens))
	for i, token := range ref.Tokens {
		tokens[i] = g.copied(token)
	}
	tags, lost := g.spec.TagsOf(answer, tokens)
	g.lost += lost
	return g.Tagging.Add(ref.Tags, tags)
}

// Counts returns how many entities are lost: they are in answers, but nowhere among the tokens.
func (g *entityGrader) Counts() []metric.Value {
	return []metric.Value{{Name: "lost", Value: float64(g.lost)}}
}

func (g *entityGrader) Signatures() []string { return nil }

// referentGrader reads whether an answer names the referent of the reference, and compares that with the label. An
// answer that names nothing is wrong.
type referentGrader struct{ right []bool }

func (g *referentGrader) Add(answer string, ref task.Reference) error {
	same, ok := task.SameReferent(answer, ref.Texts[0])
	g.right = append(g.right, ok && same == (ref.Label == 1))
	return nil
}

func (g *referentGrader) Len() int { return len(g.right) }

func (g *referentGrader) Result() []metric.Value {
	index := make([]int, len(g.right))
	for i := range index {
		index[i] = i
	}
	return g.Sample(index)
}

func (g *referentGrader) Sample(index []int) []metric.Value {
	right := 0
	for _, i := range index {
		if g.right[i] {
			right++
		}
	}
	return []metric.Value{{Name: task.Accuracy, Value: float64(right) / float64(max(1, len(index)))}}
}

func (g *referentGrader) Counts() []metric.Value { return nil }

func (g *referentGrader) Signatures() []string { return nil }
