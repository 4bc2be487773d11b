package inspect

import (
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
)

// answerStart is a column of places of answers, as SQuAD has them: answers.answer_start beside answers.text, in
// characters from the beginning of the column context.
type answerStart struct {
	column        string
	context, text int // places of these columns among those that are read
}

// answerStarts returns the columns of places that belong to targets.
func (c *checking) answerStarts(s Split) []answerStart {
	context := slices.Index(c.Roles.Texts, "context")
	if context < 0 {
		return nil
	}
	var found []answerStart
	for i, target := range c.Roles.Targets {
		name, ok := strings.CutSuffix(target, ".text")
		name += ".answer_start"
		isPlaces := func(c table.Column) bool { return c.Name == name && c.Type == table.TypeInt && c.Lists == 1 }
		if ok && slices.ContainsFunc(s.Set.Columns(), isPlaces) {
			found = append(found, answerStart{name, context, len(c.Roles.Texts) + i})
		}
	}
	return found
}

// misplaced says which answer of a row is not at its place, "" if there is none.
func (a answerStart) misplaced(cells []table.Cell, starts table.Cell) string {
	answers := cells[a.text].Items
	if len(answers) != len(starts.Items) {
		return fmt.Sprintf("%d places for %d answers", len(starts.Items), len(answers))
	}
	context := []rune(cells[a.context].Text())
	for i, answer := range answers {
		start, text := starts.Items[i], []rune(answer.Text())
		if start.Kind != table.Int {
			return fmt.Sprintf("%q has no place", shortened(answer.Text()))
		}
		// A place may be any number, so nothing is added to it.
		if start.Int < 0 || start.Int > int64(len(context)) || !startsWith(context[start.Int:], text) {
			return fmt.Sprintf("%q is not at %d", shortened(answer.Text()), start.Int)
		}
	}
	return ""
}

func startsWith(text, beginning []rune) bool {
	return len(beginning) <= len(text) && slices.Equal(text[:len(beginning)], beginning)
}
