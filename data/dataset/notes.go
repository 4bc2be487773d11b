package dataset

import (
	"fmt"

	"t5train/data"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/clip"
	"t5train/internal/ui"
)

// ExampleNotes notes what is wrong with examples, which messages call by a name.
func ExampleNotes(what string, spec task.Spec, e *data.Examples, use data.Use, limits data.Limits) []ui.Note {
	return append(append(cutAnswers(what, e, use, limits), textNotes(what, e)...), oneLabelNotes(what, spec, e, use)...)
}

// shownText is the most characters of a text that a note shows.
const shownText = 60

// textNotes notes what the texts of examples lose on their way to the model and back.
func textNotes(what string, e *data.Examples) (notes []ui.Note) {
	t, all := e.Texts, e.Len()
	of := func(n int, what string) string {
		return fmt.Sprintf("%s of %s %s (%.1f %%)", ui.Grouped(n), ui.Grouped(all), what,
			100*float64(n)/float64(max(1, all)))
	}
	add := func(format string, args ...any) {
		notes = append(notes, ui.Notef(ui.NoteTexts, what+": "+format, args...)...)
	}
	for loss := tokenizer.Unknown; loss < tokenizer.Losses; loss++ {
		if l := t.Lost[loss]; l.Count > 0 {
			does, remedy := loss.Explain()
			text, decoded := clip.Around(l.Text, l.Decoded, shownText)
			add("%s %s: %q comes back as %q: %s", of(l.Count, "targets"), does, text, decoded, remedy)
		}
	}
	if u := t.Unread; u.Count > 0 {
		add("of %s other entities are read than were written, because a text holds the mark of a type, or its words "+
			"stand elsewhere too: %q: write the types in another way (task.labels)",
			of(u.Count, "targets"), clip.Text(u.Text, 2*shownText))
	}
	if n := t.BlankTargets; n > 0 {
		add("%s are empty: they teach to answer nothing: drop the rows, or fill them in", of(n, "targets"))
	}
	if n := t.BlankInputs; n > 0 {
		add("%s rows have no text: the model can only guess the answer: drop the rows, or choose other columns "+
			"(task.text_columns)", ui.Grouped(n))
	}
	// Some characters of some inputs are unknown to every vocabulary; where they are in many, it is the wrong one.
	if n := t.UnknownInputs; 100*n >= manyUnknown*all && n > 0 {
		add("%s have characters that the vocabulary lacks, which the model cannot read: t5train check names "+
			"them", of(n, "inputs"))
	}
	return notes
}

// manyUnknown is the percentage of inputs with unknown characters that is worth a note.
const manyUnknown = 20
