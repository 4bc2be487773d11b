package trainer

import (
	"fmt"
	"slices"
	"strings"

	"t5train/configs"
	"t5train/data"
	"t5train/data/task"
	"t5train/internal/clip"
	"t5train/trainer/metric"
	"t5train/trainer/record"
)

// ceiling returns the metrics of answers that are right for every example, as far as the model can write them: what an evaluation
// of these examples can reach at most.
func (e *Evaluator) ceiling(examples *data.Examples) ([]metric.Value, error) {
	answers, err := e.answers(examples)
	if err != nil {
		return nil, err
	}
	switch a := answers.(type) {
	case *ranked:
		for i := range examples.Len() {
			if err := a.count(i, examples.Label(i)); err != nil {
				return nil, err
			}
		}
		return a.scores(), nil
	case *written:
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

// scoresUpTo1 are the metrics that are 1 where all answers are right.
func scoresUpTo1() []string {
	return []string{
		task.ExactMatch, task.F1, task.F1Macro, task.F1Weighted, task.Precision, task.PrecisionMacro, task.Recall, task.RecallMacro, task.Matthews,
		task.TagAccuracy, task.Pearson, task.Spearman, task.Kendall, task.Accuracy, task.GroupMatch,
	}
}

// smallLoss is what rounding costs a correlation, say, and nobody needs to know.
const smallLoss = 0.005

// ceilingNotes notes which metrics even right answers cannot bring to 1, of examples that messages call by a name. It returns too
// those that can only be 0.
func ceilingNotes(e *Evaluator, examples *data.Examples, what string) (notes []record.Note, zero []string, err error) {
	values, err := e.ceiling(examples)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", what, err)
	}
	var low []string
	for _, v := range values {
		if v.Value == 0 && slices.Contains(e.spec.Values(), v.Name) && better(v.Name, 1, 0) {
			zero = append(zero, v.Name)
		}
		if slices.Contains(scoresUpTo1(), v.Name) && v.Value < 1-smallLoss {
			low = append(low, fmt.Sprintf("%s %.4f", v.Name, v.Value))
		}
	}
	if len(low) > 0 {
		notes = notef(record.NoteCeiling, "%s: answers that are right in every row get %s: %s", what, strings.Join(low, ", "), whyLow(e.spec, examples))
	}
	return notes, zero, nil
}

// whyLow says why right answers are counted as wrong.
func whyLow(spec task.Spec, examples *data.Examples) string {
	switch spec.Kind() {
	case task.Labels:
		return "these say nothing where a label is missing: add rows of every label, or compare by accuracy or loss"
	case task.Numbers:
		return "the numbers are all the same, or rounding (task.step) changes them"
	case task.Entities:
		return "there are no entities, or they cannot be told apart in the target"
	}
	if examples.CutTargets > 0 {
		return "targets come back changed, as said above, or lose their end (data.max_target_length)"
	}
	return "targets come back changed, as said above"
}

// checkCeilings notes what evaluations of all held-out rows can reach. A metric that the configuration names to choose the best
// checkpoint and that can only be 0 is an error; decides is the one that does it otherwise.
func checkCeilings(c *configs.Config, held heldOutTasks, decides string) (notes []record.Note, err error) {
	for _, h := range held {
		what, prefix := "validation", ""
		if h.name != "" {
			what, prefix = h.name+", validation", h.name+"/"
		}
		own, zero, err := ceilingNotes(h.Evaluator, h.examples, what)
		if err != nil {
			return nil, err
		}
		notes = append(notes, own...)
		for _, name := range zero {
			switch name = prefix + name; {
			case name == c.Eval.Metric:
				return nil, fmt.Errorf("eval.metric: %s can only be 0 on the data of %s, whatever the model answers, so it chooses no checkpoint: choose another, such as %sloss, or other data",
					name, what, prefix)
			case name == decides && c.Eval.Metric == "":
				notes = append(notes, notef(record.NoteCeiling, "%s: %s can only be 0, so the loss alone chooses the best checkpoint", what, name)...)
			}
		}
	}
	return notes, nil
}

// untrainedLabels notes labels of held-out examples that no training example has.
func untrainedLabels(what string, spec task.Spec, train, held *data.Examples) []record.Note {
	if spec.Kind() != task.Labels {
		return nil
	}
	trained, counts := countLabels(spec, train), countLabels(spec, held)
	var missing []string
	rows := 0
	for i, l := range spec.Labels {
		if trained[i] == 0 && counts[i] > 0 {
			missing = append(missing, fmt.Sprintf("%q", clip.Text(l.Name, shownText)))
			rows += counts[i]
		}
	}
	if len(missing) == 0 {
		return nil
	}
	const most = 10
	return notef(record.NoteLabels, "%s: %s rows have labels that no row to train on has, so they will be answered wrongly: %s: add rows of them, or divide the data anew (t5train data import --stratify)",
		what, grouped(rows), shownList(missing, most))
}

// oneLabelNotes notes examples that all have the same label.
func oneLabelNotes(what string, spec task.Spec, examples *data.Examples, use data.Use) []record.Note {
	if spec.Kind() != task.Labels || examples.Len() < 2 {
		return nil
	}
	name, one := oneLabel(spec, countLabels(spec, examples))
	if !one {
		return nil
	}
	so := "metrics say nothing about the other labels"
	if use == data.ForTraining {
		so = "there is nothing to learn but that one answer"
	}
	return notef(record.NoteLabels, "%s: all rows have the label %q, so %s: take rows of every label", what, clip.Text(name, shownText), so)
}

func countLabels(spec task.Spec, examples *data.Examples) []int {
	counts := make([]int, len(spec.Labels))
	for i := range examples.Len() {
		counts[examples.Label(i)]++
	}
	return counts
}

// oneLabel returns the label that alone has examples.
func oneLabel(spec task.Spec, counts []int) (name string, one bool) {
	for i, n := range counts {
		if n == 0 {
			continue
		}
		if one {
			return "", false
		}
		name, one = spec.Labels[i].Name, true
	}
	return name, one
}

// shownList joins the first of many.
func shownList(all []string, most int) string {
	text := strings.Join(all[:min(most, len(all))], ", ")
	if len(all) > most {
		text += fmt.Sprintf(", ... (%d)", len(all))
	}
	return text
}
