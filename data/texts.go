package data

import (
	"slices"
	"strings"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/data/tokenizer"
)

// TextCounts says what is wrong with the texts of examples.
type TextCounts struct {
	BlankInputs   int // rows without text in any text column
	BlankTargets  int
	UnknownInputs int                           // with characters that the vocabulary lacks
	Lost          [tokenizer.Losses]TextExample // targets that come back changed, by what they lose; of all of them
	Unread        TextExample                   // targets of which other entities are read than are written
}

// TextExample counts texts and has the first of them.
type TextExample struct {
	Count         int
	Text, Decoded string
}

func (e *TextExample) add(text, decoded string) {
	if e.Count++; e.Count == 1 {
		e.Text, e.Decoded = text, decoded
	}
}

func (e *TextExample) join(o TextExample) {
	if e.Count == 0 {
		*e = o
		return
	}
	e.Count += o.Count
}

func (c *TextCounts) join(o *TextCounts) {
	c.BlankInputs += o.BlankInputs
	c.BlankTargets += o.BlankTargets
	c.UnknownInputs += o.UnknownInputs
	for i := range c.Lost {
		c.Lost[i].join(o.Lost[i])
	}
	c.Unread.join(o.Unread)
}

// Intact reports whether every target comes back as it is.
func (c *TextCounts) Intact() bool {
	return !slices.ContainsFunc(c.Lost[:], func(e TextExample) bool { return e.Count > 0 })
}

// written counts what a target loses in its tokens.
func (c *TextCounts) written(tok Tokenizer, target string, ids []int32) {
	if strings.TrimSpace(target) == "" {
		c.BlankTargets++
	}
	if decoded, loss := tok.RoundTrip(target, ids); loss != tokenizer.Unchanged {
		c.Lost[loss].add(target, decoded)
	}
}

// readBack counts a target of entities that reads as other entities: the mark of a type may stand inside of a text.
func (c *TextCounts) readBack(spec task.Spec, target string, ref task.Reference) {
	if tags, _ := spec.TagsOf(target, ref.Tokens); !slices.Equal(tags, ref.Tags) {
		c.Unread.add(target, strings.Join(ref.Tokens, " "))
	}
}

// blank reports whether no cell has a text.
func blank(cells []table.Cell) bool {
	return !slices.ContainsFunc(cells, func(c table.Cell) bool {
		if c.Kind == table.List {
			return !blank(c.Items)
		}
		return c.Kind != table.Null && (c.Kind != table.String || strings.TrimSpace(c.Str) != "")
	})
}
