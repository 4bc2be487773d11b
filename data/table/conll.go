package table

import (
	"fmt"
	"strings"
)

// The columns of CoNLL.
const (
	TokensColumn = "tokens"
	TagsColumn   = "ner_tags"
)

// readCoNLL reads sentences of a token a line, with a blank line between two of them:
//
//	EU       NNP B-NP B-ORG
//	rejects  VBZ B-VP O
//
// A row is a sentence: its tokens and its tags, which are in the first and the last column unless options say others.
// Cells stand apart by a tab, or in lines without one by spaces. -DOCSTART- lines are left out, and so are lines that
// begin with "# " in front of a sentence, as comments do, unless they end in a tag.
func readCoNLL(t *text, o ReadOptions, yield yield) error {
	var tokens, tags []string
	begin := 0
	var bad *BadLine // of the sentence, which is bad as a whole then
	flush := func() error {
		if bad != nil {
			err := t.bad(*bad)
			tokens, tags, bad = tokens[:0], tags[:0], nil
			return err
		}
		if len(tokens) == 0 {
			return nil
		}
		r := Row{begin, []Field{{[]string{TokensColumn}, listCell(tokens)}, {[]string{TagsColumn}, listCell(tags)}}}
		tokens, tags = tokens[:0], tags[:0]
		return yield(r)
	}
	err := eachLine(t, func(number int, line string) error {
		if strings.TrimSpace(line) == "" {
			return flush()
		}
		if bad != nil {
			bad.Last = number
			return nil
		}
		cells := conllCells(line)
		if cells[0] == "-DOCSTART-" || len(tokens) == 0 && isComment(line, cells) {
			return nil
		}
		token, tag, wrong := o.conllToken(number, cells)
		if b, ok := t.badByteIn(line, number); ok {
			wrong = &b
		}
		if bad = wrong; bad != nil {
			if len(tokens) > 0 {
				bad.First = begin
			}
			return nil
		}
		if len(tokens) == maxSentence {
			return onLine(begin, fmt.Errorf("a sentence of more than %d tokens begins here: put blank lines between "+
				"sentences",
				maxSentence))
		}
		if len(tokens) == 0 {
			begin = number
		}
		tokens, tags = append(tokens, token), append(tags, tag)
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// conllToken returns the token of a line and its tag.
func (o ReadOptions) conllToken(line int, cells []string) (token, tag string, bad *BadLine) {
	at, tagAt := max(o.TokenColumn, 1), o.TagColumn
	if tagAt == 0 {
		tagAt = max(len(cells), 2)
	}
	if len(cells) < max(at, tagAt) {
		return "", "", &BadLine{line, line,
			onLine(line, fmt.Errorf("%d columns, want a token in column %d and a tag in column %d", len(cells), at,
				tagAt)),
			"correct the line, or choose with import.token_column and import.tag_column"}
	}
	if cells[at-1] == "" {
		return "", "", &BadLine{line, line, onLine(line, fmt.Errorf("column %d, the token, is empty", at)),
			"correct the line, or choose with import.token_column"}
	}
	return cells[at-1], cells[tagAt-1], nil
}

// conllCells cuts a line that is not blank.
func conllCells(line string) []string {
	if !strings.Contains(line, "\t") {
		return strings.Fields(line)
	}
	cells := strings.Split(strings.TrimRight(line, " \t"), "\t")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

func isComment(line string, cells []string) bool {
	return strings.HasPrefix(line, "# ") && !IsTag(cells[len(cells)-1])
}

// maxSentence is a number of tokens: a file without blank lines is no sentence.
const maxSentence = 1 << 20

// Outside is the tag of a token that is part of no entity.
const Outside = "O"

// Tag is what a tag says: a token begins or continues an entity of a type.
type Tag struct {
	Kind   string
	Begins bool
}

// ReadTag reads a tag of any common scheme: B-person and I-person (IOB), also with S or U for an entity of one token
// and E or L for the last one. ok is false for O, and err says what else it is.
func ReadTag(tag string) (t Tag, ok bool, err error) {
	if tag == Outside {
		return Tag{}, false, nil
	}
	mark, kind, found := strings.Cut(tag, "-")
	if !found || kind == "" || len(mark) != 1 || !strings.Contains("BIESUL", mark) {
		return Tag{}, false, fmt.Errorf("tag %q: want O, or B- or I- and a type, as B-person", tag)
	}
	return Tag{kind, strings.Contains("BSU", mark)}, true, nil
}

// IsTag reports whether a text is a tag of any common scheme, O among them.
func IsTag(text string) bool {
	_, _, err := ReadTag(text)
	return err == nil
}
