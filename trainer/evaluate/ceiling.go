package evaluate

import (
	"fmt"
	"slices"
	"strings"

	"t5train/configs"
	"t5train/data"
	"t5train/data/task"
	"t5train/internal/ui"
	"t5train/trainer/metric"
)

// ceiling returns the metrics of answers that are right for every example, as far as the model can write them: what an
// evaluation of these examples can reach at most.
func (e *Evaluator) ceiling(examples *data.Examples) ([]metric.Value, error) {
	answers, err := e.newAnswerEvaluator(examples)
	if err != nil {
		return nil, err
	}
	switch a := answers.(type) {
	case *labelEvaluator:
		for i := range examples.Len() {
			if err := a.count(i, examples.Label(i)); err != nil {
				return nil, err
			}
		}
		return a.scores(), nil
	case *generationEvaluator:
		if e.spec.Kind() == task.Texts && examples.CutTargets == 0 && examples.Texts.Intact() {
			return nil, nil // the best there is
		}
		for i := range examples.Len() {
			if err := a.grader.Add(e.tokenizer.Decode(examples.Target(i), true), examples.Reference(i)); err != nil {
				return nil, err
			}
		}
		return a.grader.Result(), nil
	}
	return nil, nil
}

// smallLoss is what rounding costs a correlation, say, and nobody needs to know.
const smallLoss = 0.005

// ceilingNotes notes which metrics even right answers cannot bring to 1, of examples that messages call by a name. It
// returns too those that can only be 0.
func ceilingNotes(e *Evaluator, examples *data.Examples, what string) (notes []ui.Note, zero []string, err error) {
	values, err := e.ceiling(examples)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", what, err)
	}
	var low []string
	for _, v := range values {
		if v.Value == 0 && slices.Contains(e.spec.Values(), v.Name) && metric.Better(v.Name, 1, 0) {
			zero = append(zero, v.Name)
		}
		if task.MetricOf(v.Name).OneIfPerfect && v.Value < 1-smallLoss {
			low = append(low, fmt.Sprintf("%s %.4f", v.Name, v.Value))
		}
	}
	if len(low) > 0 {
		notes = ui.Notef(ui.NoteCeiling, "%s: answers that are right in every row get %s: %s", what,
			strings.Join(low, ", "),
			whyLow(e.spec, examples))
	}
	return notes, zero, nil
}

// whyLow says why right answers are counted as wrong.
func whyLow(spec task.Spec, examples *data.Examples) string {
	switch spec.Kind() {
	case task.Labels:
		return "these say nothing where a label is missing: add rows of every label, or compare by accuracy or loss"
	case task.Numbers:
		return "the numbers are all the same, or rounding (task.round_to) changes them"
	case task.Entities:
		return "there are no entities, or they cannot be told apart in the target"
	}
	if examples.CutTargets > 0 {
		return "targets come back changed, as said above, or lose their end (data.max_target_length)"
	}
	return "targets come back changed, as said above"
}

// CheckCeilings notes what evaluations of all held-out rows can reach. A metric that the configuration names to choose
// the best checkpoint and that can only be 0 is an error; decides is the one that does it otherwise.
func CheckCeilings(c *configs.Config, held MixtureSet, decides string) (notes []ui.Note, err error) {
	for _, h := range held {
		what, prefix := "validation", ""
		if h.Name != "" {
			what, prefix = h.Name+", validation", h.Name+"/"
		}
		own, zero, err := ceilingNotes(h.Evaluator, h.Examples, what)
		if err != nil {
			return nil, err
		}
		notes = append(notes, own...)
		for _, name := range zero {
			switch name = prefix + name; {
			case name == c.Eval.Metric:
				return nil, fmt.Errorf("eval.metric: %s can only be 0 on the data of %s, whatever the model answers, "+
					"so it chooses no checkpoint: choose another, such as %sloss, or other data",
					name, what, prefix)
			case name == decides && c.Eval.Metric == "":
				notes = append(notes, ui.Notef(ui.NoteCeiling,
					"%s: %s can only be 0, so the loss alone chooses the best checkpoint", what, name)...)
			}
		}
	}
	return notes, nil
}
