package task

import (
	"fmt"
	"regexp"
	"strings"
)

// Rule is what is special about the rows of one of T5's tasks (t5/data/preprocessors.py), or about its metrics. The zero
// Rule is nothing.
type Rule string

// The rules.
const (
	SQuAD   Rule = "squad"   // punctuation stands by itself, in texts and answers
	CB      Rule = "cb"      // means over labels are over all of them, also those that do not occur (t5/evaluation/metrics.py, mean_multiclass_f1)
	MultiRC Rule = "multirc" // marks of HTML are taken out
	ReCoRD  Rule = "record"  // entities are joined by commas, highlights by full stops; every answer is an example to train on
	WSC     Rule = "wsc"     // the pronoun is marked; rows with a wrong referent are not trained on
	DPR     Rule = "dpr"     // the pronoun is marked; the answer is one of two candidates
	WNLI    Rule = "wnli"    // pronoun and referent are found by comparing two sentences; the rest is as with WSC
)

func (s Spec) checkRule() []error {
	var errs []error
	if (s.Rule.marksPronoun() || s.Rule == ReCoRD) && s.Name != Seq2Seq {
		errs = append(errs, fmt.Errorf("task: name is %q, want %s for the rule %s", s.Name, Seq2Seq, s.Rule))
	}
	want := 0
	switch s.Rule {
	case "", SQuAD, CB, MultiRC, ReCoRD:
		return errs
	case WSC:
		want = 3
	case DPR, WNLI:
		want = 2
	default:
		return []error{fmt.Errorf("task: rule is %q, want %q, %q, %q, %q, %q, %q or %q",
			s.Rule, SQuAD, CB, MultiRC, ReCoRD, WSC, DPR, WNLI)}
	}
	if len(s.TextColumns) != want {
		errs = append(errs, fmt.Errorf("task: text columns are %q, want %d for the rule %s",
			s.TextColumns, want, s.Rule))
	}
	if s.LabelColumn == "" {
		errs = append(errs, fmt.Errorf("task: no label column, want one for the rule %s", s.Rule))
	}
	if s.TargetTemplate != "" {
		errs = append(errs, fmt.Errorf("task: a target template, want none for the rule %s", s.Rule))
	}
	return errs
}

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
