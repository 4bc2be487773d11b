package metric

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"t5train/data/task"
)

// Tagging measures tag sequences by their entities, as seqeval does, from 0 to 1: an entity is found where type, first
// and last token are right. The zero value reads tags leniently ([Entities]).
type Tagging struct {
	// Strict reads tags by [StrictEntities]. It must not change after the first Add. Where all tags are IOB2 it makes
	// no difference.
	Strict bool

	examples []taggedExample
	types    map[string]bool
}

// taggedExample is what is kept of an example.
type taggedExample struct {
	tokens, right int
	types         map[string]entityCounts
}

// entityCounts are numbers of entities of a type.
type entityCounts struct{ right, predicted, expected int }

func (c entityCounts) plus(o entityCounts) entityCounts {
	return entityCounts{c.right + o.right, c.predicted + o.predicted, c.expected + o.expected}
}

func (c entityCounts) prf() PRF { return NewPRF(c.right, c.predicted, c.expected) }

// Add counts one sentence: the right tags of its tokens and the predicted ones, as many.
func (t *Tagging) Add(tags, predictions []string) error {
	if len(tags) != len(predictions) {
		return fmt.Errorf("tagging: %d predicted tags, want one for each of %d tokens", len(predictions), len(tags))
	}
	read := Entities
	if t.Strict {
		read = StrictEntities
	}
	example := taggedExample{tokens: len(tags), types: make(map[string]entityCounts)}
	for i, tag := range tags {
		if tag == predictions[i] {
			example.right++
		}
	}
	expected := make(map[Entity]bool)
	for _, e := range read(tags) {
		expected[e] = true
		example.types[e.Type] = example.types[e.Type].plus(entityCounts{expected: 1})
	}
	for _, e := range read(predictions) {
		count := entityCounts{predicted: 1}
		if expected[e] {
			count.right = 1
		}
		example.types[e.Type] = example.types[e.Type].plus(count)
	}
	if t.types == nil {
		t.types = make(map[string]bool)
	}
	for kind := range example.types {
		t.types[kind] = true
	}
	t.examples = append(t.examples, example)
	return nil
}

// Len is the number of sentences.
func (t *Tagging) Len() int { return len(t.examples) }

// Result returns, in this order:
//
//   - precision, recall and f1 of all entities together;
//   - f1_macro, the mean over the types that occur, and f1_weighted, the mean by their number of entities;
//   - tag_accuracy, the part of the tags that are right, O among them;
//   - f1_TYPE of each type in alphabetical order.
func (t *Tagging) Result() []Value {
	index := make([]int, len(t.examples))
	for i := range index {
		index[i] = i
	}
	return t.Sample(index)
}

// Sample returns the values of some sentences, as [Sampled] says.
func (t *Tagging) Sample(index []int) []Value {
	var tokens, right int
	counts := make(map[string]entityCounts, len(t.types))
	for _, i := range index {
		tokens += t.examples[i].tokens
		right += t.examples[i].right
		for kind, c := range t.examples[i].types {
			counts[kind] = counts[kind].plus(c)
		}
	}
	var all entityCounts
	var macro, weighted, occurring float64
	var byType []Value
	for _, kind := range slices.Sorted(maps.Keys(t.types)) {
		c := counts[kind]
		f1 := c.prf().F1
		byType = append(byType, Value{"f1_" + kind, f1})
		all = all.plus(c)
		weighted += f1 * float64(c.expected)
		if c.predicted+c.expected > 0 {
			macro += f1
			occurring++
		}
	}
	micro := all.prf()
	return append([]Value{
		{task.Precision, micro.Precision},
		{task.Recall, micro.Recall},
		{task.F1, micro.F1},
		{task.F1Macro, Ratio(macro, occurring)},
		{task.F1Weighted, Ratio(weighted, float64(all.expected))},
		{task.TagAccuracy, Ratio(float64(right), float64(tokens))},
	}, byType...)
}

// Entity is a run of tokens that are one thing, as a person or a place.
type Entity struct {
	Type       string // "_" for a tag that names none
	Start, End int    // the first token and the last
}

// Entities returns the entities of a tag sequence, leniently: a tag I or E continues the entity before it, or begins
// one where there is none of its type. Tags are B, I, E, S or O, a hyphen and a type. It is get_entities of seqeval,
// whose rules are those of conlleval.pl.
//
//	I-PER I-PER O B-LOC B-LOC I-PER    has PER 0 1, LOC 3 3, LOC 4 4, PER 5 5
func Entities(tags []string) []Entity {
	var entities []Entity
	last, lastType, start := outside, noType, 0
	for i := range len(tags) + 1 {
		tag, kind := outside, noType
		if i < len(tags) {
			tag, kind = splitTag(tags[i])
		}
		changes := lastType != kind
		if last == 'E' || last == 'S' || (last == 'B' || last == 'I') && (tag == 'B' || tag == 'S' || tag == outside) ||
			changes && last != outside && last != '.' {
			entities = append(entities, Entity{lastType, start, i - 1})
		}
		if tag == 'B' || tag == 'S' || (tag == 'E' || tag == 'I') && (last == 'E' || last == 'S' || last == outside) ||
			changes && tag != outside && tag != '.' {
			start = i
		}
		last, lastType = tag, kind
	}
	return entities
}

// StrictEntities returns the entities of a tag sequence that are written as IOB2 wants them, B and then I of the same
// type: seqeval with mode "strict" and the scheme IOB2. An I that continues nothing is no entity.
func StrictEntities(tags []string) []Entity {
	var entities []Entity
	for i := 0; i < len(tags); {
		tag, kind := splitTag(tags[i])
		start := i
		i++
		if tag != 'B' {
			continue
		}
		for i < len(tags) {
			if next, nextKind := splitTag(tags[i]); next != 'I' || nextKind != kind {
				break
			}
			i++
		}
		entities = append(entities, Entity{kind, start, i - 1})
	}
	return entities
}

const (
	outside = 'O'
	noType  = "_"
)

// splitTag takes a tag apart: its first letter, and its type, which comes after a hyphen. No tag is outside.
func splitTag(tag string) (letter rune, kind string) {
	if tag == "" {
		return outside, noType
	}
	letter, size := utf8.DecodeRuneInString(tag)
	kind = tag[size:]
	if _, after, found := strings.Cut(kind, "-"); found {
		kind = after
	}
	if kind == "" {
		kind = noType
	}
	return letter, kind
}
