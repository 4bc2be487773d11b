package metric

import (
	"strings"
	"unicode/utf8"
)

// Entity is a run of tokens that are one thing, as a person or a place.
type Entity struct {
	Type       string // "_" for a tag that names none
	Start, End int    // the first token and the last
}

// Entities returns the entities of a tag sequence, leniently: a tag I or E goes on with the entity before it, or begins
// one where there is none of its type. Tags are B, I, E, S or O, a hyphen and a type. It is get_entities of seqeval, whose
// rules are those of conlleval.pl.
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
