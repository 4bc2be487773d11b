package task

import (
	"regexp"
	"strings"
)

// Rule is what is special about the rows of one of T5's tasks (t5/data/preprocessors.py), or about its metrics. The
// zero Rule is nothing.
type Rule string

// The rules.
const (
	SQuAD Rule = "squad" // punctuation stands by itself, in texts and answers
	// means over labels are over all of them, also those that do not occur (t5/evaluation/metrics.py,
	// mean_multiclass_f1)
	CB      Rule = "cb"
	MultiRC Rule = "multirc" // marks of HTML are taken out
	// entities are joined by commas, highlights by full stops; every answer is an example to train on
	ReCoRD Rule = "record"
	WSC    Rule = "wsc"  // the pronoun is marked; rows with a wrong referent are not trained on
	DPR    Rule = "dpr"  // the pronoun is marked; the answer is one of two candidates
	WNLI   Rule = "wnli" // pronoun and referent are found by comparing two sentences; the rest is as with WSC
)

var (
	punctuation = regexp.MustCompile(`[[:punct:]]`)
	spaces      = regexp.MustCompile(`\s+`)
	// A highlight that follows the end of a sentence is another one; any other gets a full stop before it.
	highlightAfterEnd = regexp.MustCompile(`([.?!"'])\n@highlight\n`)
	html              = strings.NewReplacer("<br>", " ", "<b>", "", "</b>", "")
)

// cleanText changes one text of a row.
func (r Rule) cleanText(text string) string {
	switch r {
	case SQuAD:
		return spaces.ReplaceAllString(punctuation.ReplaceAllString(text, " $0 "), " ")
	case ReCoRD:
		return strings.ReplaceAll(highlightAfterEnd.ReplaceAllString(text, "$1 "), "\n@highlight\n", ". ")
	}
	return text
}

// cleanAnswer changes an answer of a row. White space at its ends is cut: a SentencePiece tokenizer drops it.
func (r Rule) cleanAnswer(text string) string {
	if r == SQuAD {
		return strings.TrimSpace(r.cleanText(text))
	}
	return trimEnd(text)
}

// clean changes a whole input.
func (r Rule) clean(input string) string {
	switch r {
	case SQuAD:
		return spaces.ReplaceAllString(input, " ")
	case MultiRC:
		return html.Replace(input)
	}
	return input
}

// separator stands between the items of a list.
func (r Rule) separator() string {
	if r == ReCoRD {
		return ", "
	}
	return " "
}
