package task

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"t5train/data/table"
)

// evidence returns how many bytes of an input, from its beginning, hold what an answer is made of: those up to the
// nearest of the answers to a question, or up to the last entity. 0 is all tasks whose answers are no parts of the
// input, answers that do not stand there, and those that may stand there by chance.
func (s Spec) evidence(input string, ref Reference) int {
	if s.Kind() == Entities {
		return lastEntity(input, ref)
	}
	if !s.general().inInput && s.Rule != ReCoRD {
		return 0
	}
	nearest := 0
	for _, answer := range ref.Texts {
		if isJudgement(answer) {
			return 0
		}
		if end := endOf(input, strings.TrimSpace(answer)); end > 0 && (nearest == 0 || end < nearest) {
			nearest = end
		}
	}
	return nearest
}

// isJudgement reports whether an answer is one about the context, and not a part of it.
func isJudgement(answer string) bool {
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "", "yes", "no", "true", "false", Unanswerable:
		return true
	}
	return false
}

// endOf returns where a part of a text ends: where it first stands as whole words, else where it first stands, which is
// what there is in a script without spaces. 0 is nowhere.
func endOf(text, part string) int {
	first := 0
	for from := 0; ; {
		at := strings.Index(text[from:], part)
		if at < 0 {
			return first
		}
		start := from + at
		end := start + len(part)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if !isWord(before) && !isWord(after) {
			return end
		}
		if first == 0 {
			first = end
		}
		_, size := utf8.DecodeRuneInString(text[start:])
		from = start + size
	}
}

func isWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// lastEntity returns where the last token of the last entity ends in an input, in which the tokens stand in their
// order.
func lastEntity(input string, ref Reference) int {
	end, last := 0, 0
	for i, token := range ref.Tokens {
		at := strings.Index(input[end:], token)
		if at < 0 {
			return 0
		}
		end += at + len(token)
		if ref.Tags[i] != table.Outside {
			last = end
		}
	}
	return last
}
