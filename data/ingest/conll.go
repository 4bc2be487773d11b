package ingest

import (
	"fmt"
	"strings"

	"t5train/data/task"
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
// Cells stand apart by a tab, or in lines without one by blanks. -DOCSTART- lines are left out, and so are lines that begin
// with "# " in front of a sentence, as comments do, unless they end in a tag.
func readCoNLL(t *text, o ReadOptions, yield yield) error {
	var tokens, tags []string
	begin := 0
	flush := func() error {
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
		cells := conllCells(line)
		if cells[0] == "-DOCSTART-" || len(tokens) == 0 && isComment(line, cells) {
			return nil
		}
		token, tag := o.TokenColumn, o.TagColumn
		if token == 0 {
			token = 1
		}
		if tag == 0 {
			tag = max(len(cells), 2)
		}
		if len(cells) < max(token, tag) {
			return onLine(number, fmt.Errorf("%d columns, want a token in column %d and a tag in column %d: correct the line, or choose with --token-column and --tag-column",
				len(cells), token, tag))
		}
		if cells[token-1] == "" {
			return onLine(number, fmt.Errorf("column %d, the token, is empty: correct the line, or choose with --token-column", token))
		}
		if len(tokens) == maxSentence {
			return onLine(begin, fmt.Errorf("a sentence of more than %d tokens begins here: put blank lines between sentences", maxSentence))
		}
		if len(tokens) == 0 {
			begin = number
		}
		tokens, tags = append(tokens, cells[token-1]), append(tags, cells[tag-1])
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
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
	return strings.HasPrefix(line, "# ") && !task.IsTag(cells[len(cells)-1])
}

// maxSentence is a number of tokens: a file without blank lines is no sentence.
const maxSentence = 1 << 20
