package trainer

import (
	"slices"
	"strings"

	"t5train/data/task"
	"t5train/trainer/metric"
)

// grader holds answers that a model writes to the references of held-out examples, by the metrics of a task.
type grader interface {
	metric.Sampled
	// Add counts the answer to one example.
	Add(answer string, ref task.Reference) error
	// Signatures says how the values were computed, a line for each tool that has a form for it.
	Signatures() []string
}

// newGrader returns the grader of a task whose answers are generated. written returns a text as a model that copies it
// can write it: the tokenizer may not have all characters.
func newGrader(spec task.Spec, written func(text string) string) grader {
	switch spec.Kind() {
	case task.Numbers:
		return limitedGrader{&numberGrader{}, spec.Metrics}
	case task.Entities:
		g := &entityGrader{spec: spec, written: written}
		if slices.Contains(spec.Metrics, task.Seqeval) { // all of them
			return g
		}
		return limitedGrader{g, spec.Metrics}
	case task.Referents:
		return &referentGrader{}
	default:
		return newTextGrader(spec.MetricNames())
	}
}

// limitedGrader shows the metrics that are asked for.
type limitedGrader struct {
	grader
	asked []string
}

// Result implements metric.Sampled.
func (g limitedGrader) Result() []metric.Value { return only(g.grader.Result(), g.asked) }

// Sample implements metric.Sampled.
func (g limitedGrader) Sample(index []int) []metric.Value {
	return only(g.grader.Sample(index), g.asked)
}

// textGrader compares texts.
type textGrader struct {
	metrics []textMetric
}

// textMetric is a metric of texts; of its values those of names are shown, without names all.
type textMetric struct {
	*metric.Text
	names []string
}

// newTextGrader returns a grader for the metrics of the names, each of which has one scorer; the four of ROUGE share it.
func newTextGrader(names []string) *textGrader {
	g := &textGrader{}
	var rouge []string
	add := func(s metric.Scorer, names ...string) {
		g.metrics = append(g.metrics, textMetric{metric.NewText(s), names})
	}
	for _, name := range names {
		switch name {
		case task.ExactMatch:
			add(metric.Exact{})
		case task.SQuADScores:
			add(metric.SQuAD{})
		case task.F1:
			add(metric.SQuAD{}, name)
		case task.BLEU:
			add(metric.BLEU{})
		case task.ChrF:
			add(metric.ChrF{})
		case task.ChrFPlus:
			add(metric.ChrF{WordOrder: 2})
		case task.TER:
			add(metric.TER{})
		default:
			rouge = append(rouge, name)
		}
	}
	if len(rouge) > 0 {
		add(metric.ROUGE{}, rouge...)
	}
	return g
}

// Add implements grader.
func (g *textGrader) Add(answer string, ref task.Reference) error {
	for _, m := range g.metrics {
		if err := m.Add(answer, ref.Texts); err != nil {
			return err
		}
	}
	return nil
}

// Len implements metric.Sampled.
func (g *textGrader) Len() int { return g.metrics[0].Len() }

// Result implements metric.Sampled.
func (g *textGrader) Result() []metric.Value { return g.values((*metric.Text).Result) }

// Sample implements metric.Sampled.
func (g *textGrader) Sample(index []int) []metric.Value {
	return g.values(func(t *metric.Text) []metric.Value { return t.Sample(index) })
}

func (g *textGrader) values(of func(*metric.Text) []metric.Value) []metric.Value {
	var values []metric.Value
	for _, m := range g.metrics {
		values = append(values, only(of(m.Text), m.names)...)
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

// Signatures implements grader.
func (g *textGrader) Signatures() []string {
	var lines []string
	for _, m := range g.metrics {
		name := m.Result()[0].Name
		if len(m.names) > 0 {
			name = strings.Join(m.names, ", ")
		}
		lines = append(lines, name+": "+m.Signature())
	}
	return lines
}

// numberGrader compares numbers. An answer that is no number counts as -1, as in the T5 library.
type numberGrader struct{ metric.Regression }

// Add implements grader.
func (g *numberGrader) Add(answer string, ref task.Reference) error {
	number, _ := task.Number(answer)
	return g.Regression.Add(ref.Number, number)
}

// Signatures implements grader.
func (g *numberGrader) Signatures() []string { return nil }

// entityGrader compares tags.
type entityGrader struct {
	metric.Tagging
	spec    task.Spec
	written func(text string) string
}

// Add implements grader.
func (g *entityGrader) Add(answer string, ref task.Reference) error {
	tokens := make([]string, len(ref.Tokens))
	for i, token := range ref.Tokens {
		tokens[i] = g.written(token)
	}
	tags, _ := g.spec.TagsOf(answer, tokens)
	return g.Tagging.Add(ref.Tags, tags)
}

// Signatures implements grader.
func (g *entityGrader) Signatures() []string { return nil }

// referentGrader asks whether an answer names the referent just when the reference does.
type referentGrader struct{ right []bool }

// Add implements grader.
func (g *referentGrader) Add(answer string, ref task.Reference) error {
	g.right = append(g.right, task.SameReferent(answer, ref.Texts[0]) == (ref.Label == 1))
	return nil
}

// Len implements metric.Sampled.
func (g *referentGrader) Len() int { return len(g.right) }

// Result implements metric.Sampled.
func (g *referentGrader) Result() []metric.Value {
	index := make([]int, len(g.right))
	for i := range index {
		index[i] = i
	}
	return g.Sample(index)
}

// Sample implements metric.Sampled.
func (g *referentGrader) Sample(index []int) []metric.Value {
	right := 0
	for _, i := range index {
		if g.right[i] {
			right++
		}
	}
	return []metric.Value{{Name: task.Accuracy, Value: float64(right) / float64(max(1, len(index)))}}
}

// Signatures implements grader.
func (g *referentGrader) Signatures() []string { return nil }
