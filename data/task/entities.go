package task

import (
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
	"t5train/data/task/words"
)

// NoEntities is the target of a text without entities.
const NoEntities = "none"

// span is an entity among tokens: those from start up to end.
type span struct {
	kind       int // in Spec.Entities
	start, end int
}

// spansOf returns the entities of a list of tags. A continuation without a beginning of its type begins one.
func (s Spec) spansOf(tags []string) ([]span, error) {
	var spans []span
	before := -1 // type of the token before
	for i, tag := range tags {
		t, ok, err := table.ReadTag(tag)
		if err != nil {
			return nil, err
		}
		if !ok {
			before = -1
			continue
		}
		kind := slices.IndexFunc(s.Entities, func(l Label) bool { return l.Name == t.Kind })
		if kind < 0 {
			return nil, fmt.Errorf("tag %q is of a type that the task does not have: it has %s",
				tag, Describe(s.Entities))
		}
		if t.Begins || kind != before {
			spans = append(spans, span{kind, i, i})
		}
		spans[len(spans)-1].end = i + 1
		before = kind
	}
	return spans, nil
}

// iob2 writes spans as tags: the first token of each is B-type, the others I-type.
func (s Spec) iob2(tokens int, spans []span) []string {
	tags := slices.Repeat([]string{table.Outside}, tokens)
	for _, sp := range spans {
		for i := sp.start; i < sp.end; i++ {
			tags[i] = "I-" + s.Entities[sp.kind].Name
		}
		tags[sp.start] = "B-" + s.Entities[sp.kind].Name
	}
	return tags
}

// writeEntities writes spans as the model shall: "person: Barack Obama; location: Hawaii".
func (s Spec) writeEntities(tokens []string, spans []span) string {
	if len(spans) == 0 {
		return NoEntities
	}
	parts := make([]string, len(spans))
	for i, sp := range spans {
		parts[i] = s.Entities[sp.kind].Text + ": " + joinTokens(tokens[sp.start:sp.end])
	}
	return strings.Join(parts, "; ")
}

// joinTokens joins tokens with a space, which is all the white space that is left: the model does not see any other.
func joinTokens(tokens []string) string {
	return strings.Join(strings.Fields(strings.Join(tokens, " ")), " ")
}

// parsedEntity is a named entity of an answer.
type parsedEntity struct {
	kind int    // in Spec.Entities
	text string // its tokens with a space between
}

// parseEntities reads the entities of an answer, in order. One begins where the text of a known type and a colon stand
// at the beginning or behind a semicolon, and goes on to the next one, so that its own text may have both marks. What
// is before the first one is left out, and so are entities without text.
func (s Spec) parseEntities(answer string) []parsedEntity {
	var found []parsedEntity
	text, kind := strings.TrimSpace(answer), -1
	add := func(content string) {
		if content = strings.Join(strings.Fields(content), " "); kind >= 0 && content != "" {
			found = append(found, parsedEntity{kind, content})
		}
	}
	start := 0
	for at := 0; at >= 0 && at < len(text); {
		if k, after := s.typeAt(text, at); k >= 0 {
			add(strings.TrimSuffix(strings.TrimRight(text[start:at], " "), ";"))
			kind, start, at = k, after, after
			continue
		}
		// The next place behind a semicolon.
		next := strings.IndexByte(text[at:], ';')
		if next < 0 {
			break
		}
		at += next + 1
		for at < len(text) && text[at] == ' ' {
			at++
		}
	}
	add(text[start:])
	return found
}

// typeAt returns the type whose text and a colon stand at a place, the longest of several, and the place behind them.
func (s Spec) typeAt(text string, at int) (kind, after int) {
	kind = -1
	for k, l := range s.Entities {
		rest, ok := strings.CutPrefix(text[at:], strings.TrimSpace(l.Text))
		if !ok || !strings.HasPrefix(rest, ":") {
			continue
		}
		if end := len(text) - len(rest) + 1; kind < 0 || end > after {
			kind, after = k, end
		}
	}
	return kind, after
}

// TagsOf places the entities of an answer on tokens and returns their tags in IOB2. From left to right, each entity
// takes the first tokens behind the entity before that spell it and are free, or else the first such tokens anywhere; a
// list of tokens spells a text if, joined by spaces, they are it. Entities without such tokens are counted in lost: the
// model made them up, or changed their spelling.
//
// A tokenizer may not have all characters, or write some in another way. Give the tokens as it writes them, then what
// the model copies is found.
func (s Spec) TagsOf(answer string, tokens []string) (tags []string, lost int) {
	spans, lost := s.placed(answer, tokens)
	return s.iob2(len(tokens), spans), lost
}

// placed returns the entities of an answer on tokens, and how many have no place: see [Spec.TagsOf].
func (s Spec) placed(answer string, tokens []string) (spans []span, lost int) {
	taken := make([]bool, len(tokens))
	from := 0
	for _, e := range s.parseEntities(answer) {
		start, end := place(e.text, tokens, taken, from)
		if start < 0 {
			start, end = place(e.text, tokens, taken, 0)
		}
		if start < 0 {
			lost++
			continue
		}
		for i := start; i < end; i++ {
			taken[i] = true
		}
		from = end
		spans = append(spans, span{e.kind, start, end})
	}
	return spans, lost
}

// place finds the first free tokens, from a place on, that spell a text; start is -1 without any.
func place(text string, tokens []string, taken []bool, from int) (start, end int) {
	for start := from; start < len(tokens); start++ {
		rest := text
		for end := start; end < len(tokens) && !taken[end]; end++ {
			token := joinTokens(tokens[end : end+1])
			after, ok := strings.CutPrefix(rest, token)
			if !ok {
				break
			}
			if after == "" && token != "" {
				return start, end + 1
			}
			if rest = after; token != "" {
				if rest, ok = strings.CutPrefix(after, " "); !ok {
					break
				}
			}
		}
	}
	return -1, -1
}

// entities returns tokens, their tags in IOB2 and the target of a row of NER.
func (s Spec) entities(tokenCell, tagCell table.Cell) (tokens, tags []string, target string, err error) {
	if tokenCell.Kind != table.List {
		return nil, nil, "", fmt.Errorf("text column %s holds %.80v, want a list of tokens",
			s.TextColumns[0], tokenCell)
	}
	if tagCell.Kind != table.List {
		return nil, nil, "", fmt.Errorf("label column %s holds %.80v, want a list of tags", s.LabelColumn, tagCell)
	}
	if len(tokenCell.Items) != len(tagCell.Items) {
		return nil, nil, "", fmt.Errorf("%d tokens in column %s, but %d tags in column %s: want one for each",
			len(tokenCell.Items), s.TextColumns[0], len(tagCell.Items), s.LabelColumn)
	}
	for i, c := range tokenCell.Items {
		tag, err := s.tag(tagCell.Items[i])
		if err != nil {
			return nil, nil, "", fmt.Errorf("label column %s, item %d (the first is 0): %w", s.LabelColumn, i, err)
		}
		tokens, tags = append(tokens, c.Text()), append(tags, tag)
	}
	spans, err := s.spansOf(tags)
	if err != nil {
		return nil, nil, "", fmt.Errorf("label column %s: %w", s.LabelColumn, err)
	}
	return tokens, s.iob2(len(tokens), spans), s.writeEntities(tokens, spans), nil
}

// tag returns the name of a tag.
func (s Spec) tag(c table.Cell) (string, error) {
	switch {
	case c.Kind == table.String:
		return c.Str, nil
	case c.Kind == table.Int && c.Int >= 0 && c.Int < int64(len(s.Tags)):
		return s.Tags[c.Int], nil
	case c.Kind == table.Int && len(s.Tags) == 0:
		return "", fmt.Errorf("got %v, want the name of a tag: the schema names no tags for numbers", c)
	case c.Kind == table.Int:
		return "", fmt.Errorf("got %v, want a number from 0 to %d: -100 and other marks of ignored tokens are "+
			"not known here",
			c, len(s.Tags)-1)
	}
	return "", fmt.Errorf("got %v, want a tag", c)
}

// Entity is a named entity in a text.
type Entity struct {
	Type       string `json:"type" parquet:"type,dict"`
	Text       string `json:"text" parquet:"text"`               // as it stands in the input
	TokenStart int    `json:"token_start" parquet:"token_start"` // its first token, from 0
	TokenEnd   int    `json:"token_end" parquet:"token_end"`     // the token behind its last one
	// in the input, in Unicode code points, as transformers counts
	Start int `json:"start" parquet:"start"`
	End   int `json:"end" parquet:"end"`
}

// EntitiesOf places the entities of an answer on the tokens of a text as [Spec.TagsOf] does, in the order of the text;
// those without a place are counted. written returns a text as the tokenizer writes it.
func (s Spec) EntitiesOf(answer string, tokens []words.Token, written func(string) string) (entities []Entity,
	unplaced int) {
	texts := make([]string, len(tokens))
	for i, t := range tokens {
		texts[i] = written(t.Text)
	}
	spans, unplaced := s.placed(answer, texts)
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	entities = make([]Entity, len(spans))
	for i, sp := range spans {
		first, last := tokens[sp.start], tokens[sp.end-1]
		entities[i] = Entity{
			Type: s.Entities[sp.kind].Name, Text: words.Join(tokens[sp.start:sp.end]),
			TokenStart: sp.start, TokenEnd: sp.end, Start: first.Start, End: last.End,
		}
	}
	return entities, unplaced
}
