package dataset

import (
	"fmt"
	"slices"

	"t5train/data"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/clip"
	"t5train/internal/ui"
)

// UntrainedLabels notes labels of held-out examples that no training example has.
func UntrainedLabels(what string, spec task.Spec, train, held *data.Examples) []ui.Note {
	if spec.Kind() != task.Labels {
		return nil
	}
	trained, counts := train.CountLabels(len(spec.Labels)), held.CountLabels(len(spec.Labels))
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
	return ui.Notef(ui.NoteLabels, "%s: %s rows have labels that no row to train on has, so they will be answered "+
		"wrongly: %s: add rows of them, or divide the data anew (import.stratify)",
		what, ui.Grouped(rows), shownList(missing, most))
}

// oneLabelNotes notes examples that all have the same label.
func oneLabelNotes(what string, spec task.Spec, examples *data.Examples, use data.Use) []ui.Note {
	if spec.Kind() != task.Labels || examples.Len() < 2 {
		return nil
	}
	name, one := oneLabel(spec, examples.CountLabels(len(spec.Labels)))
	if !one {
		return nil
	}
	so := "metrics say nothing about the other labels"
	if use == data.ForTraining {
		so = "there is nothing to learn but that one answer"
	}
	return ui.Notef(ui.NoteLabels, "%s: all rows have the label %q, so %s: take rows of every label", what,
		clip.Text(name, shownText), so)
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
	text := ui.Shorten(all, most)
	if len(all) > most {
		text += fmt.Sprintf(" (%d)", len(all))
	}
	return text
}

// CheckLabels makes sure that the model can write every label, or type of entities, and that no two are the same to it.
func CheckLabels(spec task.Spec, tok *tokenizer.Tokenizer, limit int) error {
	what, labels := "label", spec.Labels
	if spec.Kind() == task.Entities {
		what, labels = "type of entities", spec.Entities
	}
	var seen [][]int32
	for i, l := range labels {
		ids := tok.Encode(l.Text)
		switch {
		case len(ids) > limit-1:
			return fmt.Errorf("%s %q has %d tokens with its end, but data.max_target_length is %d: raise it or "+
				"shorten the text (task.labels)", what, l.Text, len(ids)+1, limit)
		case slices.Contains(ids, tok.Unk()):
			return fmt.Errorf("%s %q has characters that the tokenizer does not know: give other label strings "+
				"(task.labels)", what, l.Text)
		}
		for j, other := range seen {
			if slices.Equal(ids, other) {
				return fmt.Errorf("%s: %q and %q are the same tokens: give other label strings (task.labels)", what,
					labels[j].Text, labels[i].Text)
			}
		}
		seen = append(seen, ids)
	}
	return nil
}
