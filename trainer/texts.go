package trainer

import (
	"t5train/data"
	"t5train/data/tokenizer"
	"t5train/internal/clip"
)

// shownText is the most characters of a text that a warning shows.
const shownText = 60

// warnTexts notes what the texts of examples lose on their way to the model and back.
func warnTexts(c *Console, what string, e *data.Examples) {
	t, all := e.Texts, e.Len()
	share := func(n int) float64 { return 100 * float64(n) / float64(max(1, all)) }
	for loss := tokenizer.Unknown; loss < tokenizer.Losses; loss++ {
		if l := t.Lost[loss]; l.Count > 0 {
			does, remedy := loss.Explain()
			text, decoded := clip.Around(l.Text, l.Decoded, shownText)
			c.Say("  warning: %s of %s targets of %s (%.1f %%) %s: %q comes back as %q: %s",
				grouped(l.Count), grouped(all), what, share(l.Count), does, text, decoded, remedy)
		}
	}
	if u := t.Unread; u.Count > 0 {
		c.Say("  warning: of %s of %s targets of %s (%.1f %%) other entities are read than were written, because a text holds the mark of a type or its words stand "+
			"elsewhere too: %q: write the types in another way (task.labels)", grouped(u.Count), grouped(all), what, share(u.Count), clip.Text(u.Text, 2*shownText))
	}
	if n := t.BlankTargets; n > 0 {
		c.Say("  warning: %s of %s targets of %s (%.1f %%) are empty: they teach to answer nothing: drop the rows, or fill them in", grouped(n), grouped(all), what, share(n))
	}
	if n := t.BlankInputs; n > 0 {
		c.Say("  warning: %s rows of %s have no text: the model can only guess the answer: drop the rows, or choose other columns (task.text_columns)", grouped(n), what)
	}
	// Some characters of many inputs are unknown to every vocabulary; where they are much of the text, it is the wrong one.
	if n := t.UnknownInputs; share(n) >= manyUnknown {
		c.Say("  warning: %s of %s inputs of %s (%.1f %%) have characters that the vocabulary lacks, which the model cannot read: t5train data check names them",
			grouped(n), grouped(all), what, share(n))
	}
}

// manyUnknown is the percentage of inputs with unknown characters that is worth a warning.
const manyUnknown = 20
