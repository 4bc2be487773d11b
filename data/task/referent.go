package task

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// marksPronoun reports whether inputs are sentences in which a pronoun is marked: "wsc: Bob asked Tom if *he* can pay."
func (r Rule) marksPronoun() bool { return r == WSC || r == DPR || r == WNLI }

// markPronoun marks the pronoun in the texts of a row: text, index of the word, pronoun (WSC); sentence, pronoun (DPR);
// sentence, the same with the referent in place of the pronoun (WNLI).
func (r Rule) markPronoun(texts []string) (string, error) {
	switch r {
	case WSC:
		index, err := strconv.Atoi(texts[1])
		if err != nil {
			return "", fmt.Errorf("the index of the pronoun %q is %q, want the number of a word", texts[2], texts[1])
		}
		return markWord(texts[0], index, texts[2])
	case DPR:
		return markFirst(texts[0], texts[1])
	default:
		marked, _, err := resolveWNLI(texts[0], texts[1])
		return marked, err
	}
}

// markWord marks the pronoun that is word number index, counted from 0 between single spaces. Where another word stands
// there, the nearest place with the pronoun is taken: SuperGLUE has a few rows whose index is off.
func markWord(text string, index int, pronoun string) (string, error) {
	words := strings.Split(text, " ")
	best := -1
	for i, word := range words {
		_, core, _ := trimMarks(word)
		near := best < 0 || abs(i-index) < abs(best-index)
		if (word == pronoun || strings.EqualFold(core, pronoun)) && near {
			best = i
		}
	}
	if best < 0 {
		return "", fmt.Errorf("the pronoun %q is no word of %.80q", pronoun, text)
	}
	if words[best] == pronoun {
		words[best] = "*" + pronoun + "*"
	} else {
		before, core, after := trimMarks(words[best])
		words[best] = before + "*" + core + "* " + after
	}
	return strings.Join(words, " "), nil
}

func abs(i int) int { return max(i, -i) }

// trimMarks parts a word from the marks of punctuation around it.
func trimMarks(word string) (before, core, after string) {
	const marks = ".,;:!?\"'()"
	core = strings.TrimLeft(word, marks)
	before = word[:len(word)-len(core)]
	trimmed := strings.TrimRight(core, marks)
	return before, trimmed, core[len(trimmed):]
}

// markFirst marks the first place of the pronoun that a space, a full stop or a comma follows.
func markFirst(sentence, pronoun string) (string, error) {
	for at := 0; ; {
		i := strings.Index(sentence[at:], " "+pronoun)
		if i < 0 {
			return "", fmt.Errorf("the pronoun %q is no word of %.80q", pronoun, sentence)
		}
		start := at + i + 1
		end := start + len(pronoun)
		if end < len(sentence) && strings.IndexByte(" .,", sentence[end]) >= 0 {
			return sentence[:start] + "*" + pronoun + "*" + sentence[end:], nil
		}
		at = start
	}
}

// determiners do not tell referents apart (t5/data/postprocessors.py, wsc_simple).
func determiners() []string {
	return []string{
		"a", "an", "few", "her", "his", "each", "every", "many", "much", "my", "our", "some", "that", "the", "their",
		"these", "this", "those", "which", "whose", "your",
	}
}

// SameReferent reports whether an answer names the referent: without capitals and determiners, the words of one are
// among those of the other, and either both have an apostrophe or neither, so that Bob is not Bob's hat. ok is false
// for an answer that has no other words: it names nothing, so it is wrong whether or not the referent is.
func SameReferent(answer, referent string) (same, ok bool) {
	words := func(s string) []string {
		return slices.DeleteFunc(strings.Fields(strings.ToLower(s)),
			func(w string) bool { return slices.Contains(determiners(), w) })
	}
	a, b := words(answer), words(referent)
	if len(a) == 0 {
		return false, false
	}
	if len(b) == 0 || strings.Contains(answer, "'") != strings.Contains(referent, "'") {
		return false, true
	}
	within := func(some, all []string) bool {
		return !slices.ContainsFunc(some, func(w string) bool { return !slices.Contains(all, w) })
	}
	return within(a, b) || within(b, a), true
}

// resolveWNLI finds the pronoun of a premise that its hypothesis replaces, and what it replaces it with: the pronoun
// whose neighbours in the premise, as many as possible, are in the hypothesis too, and what stands between them there.
//
//	The fish ate the worm. It was tasty.    The worm was tasty.
//	-> The fish ate the worm. *It* was tasty.    The worm
func resolveWNLI(premise, hypothesis string) (marked, referent string, err error) {
	p, h := plainWords(premise), plainWords(hypothesis)
	best, bestScore, candidate := -1, -1, ""
	for i, word := range p {
		if !slices.Contains(pronouns(), word) {
			continue
		}
		if c, score := replacement(p[:i], p[i+1:], h); score > bestScore {
			best, bestScore, candidate = i, score, c
		}
	}
	if best < 0 || candidate == "" {
		return "", "", fmt.Errorf("no pronoun of %.80q is replaced in %.80q", premise, hypothesis)
	}
	if referent, err = asWritten(lastNounPhrase(candidate), hypothesis); err != nil {
		return "", "", err
	}
	words := strings.Split(strings.TrimSpace(premise), " ")
	words = slices.DeleteFunc(words, func(w string) bool { return plainWord(w) == "" })
	word := words[best]
	if last := word[len(word)-1]; strings.IndexByte(".,!?", last) >= 0 {
		words[best] = "*" + word[:len(word)-1] + "* " + string(last)
	} else {
		words[best] = "*" + word + "*"
	}
	return strings.Join(words, " "), referent, nil
}

// pronouns are those that WNLI asks about.
func pronouns() []string {
	return []string{"he", "she", "they", "it", "her", "his", "their", "them", "him"}
}

// plainWords returns the words of a sentence without capitals and without a mark at the end of each.
func plainWords(s string) []string {
	var words []string
	for w := range strings.SplitSeq(strings.TrimSpace(s), " ") {
		if w = plainWord(w); w != "" {
			words = append(words, w)
		}
	}
	return words
}

func plainWord(w string) string {
	w = strings.ToLower(w)
	if w != "" && strings.IndexByte(".,?!", w[len(w)-1]) >= 0 {
		w = w[:len(w)-1]
	}
	return w
}

// replacement returns what stands in the hypothesis between the longest ends of pre and beginnings of post that are in
// it, and how many words those have.
func replacement(pre, post, hypothesis []string) (candidate string, score int) {
	text := strings.Join(hypothesis, " ")
	before, after := common(reversed(pre), reversed(hypothesis)), common(post, hypothesis)
	if before+after == 0 {
		return "", 0
	}
	left, right := regexp.QuoteMeta(strings.Join(pre[len(pre)-before:],
		" ")), regexp.QuoteMeta(strings.Join(post[:after], " "))
	join := func(parts ...string) string {
		return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " ")
	}
	// Between both, else before the right one from the start, else behind the left one to the end.
	for _, pattern := range []string{join(left, "(.+)", right), join("^(.+)", right), join(left, "(.+)$")} {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
			return m[1], before + after
		}
	}
	return "", before + after
}

// common returns how many words are the longest beginning of a list that stands somewhere in a text.
func common(words, text []string) int {
	joined := strings.Join(text, " ")
	n := 0
	for n < len(words) && strings.Contains(joined, strings.Join(words[:n+1], " ")) {
		n++
	}
	return n
}

func reversed(words []string) []string {
	words = slices.Clone(words)
	slices.Reverse(words)
	return words
}

// lastNounPhrase cuts what is before the last article of a candidate: it may begin with more than the referent.
func lastNounPhrase(candidate string) string {
	words := strings.Split(candidate, " ")
	from := 0
	for _, article := range []string{"a", "an", "the"} {
		from = max(from, slices.Index(words, article))
	}
	return strings.Join(words[from:], " ")
}

// asWritten finds a candidate of plain words in the hypothesis as that writes it, without a mark or 's at its end.
func asWritten(candidate, hypothesis string) (string, error) {
	var parts []string
	for w := range strings.SplitSeq(candidate, " ") {
		parts = append(parts, regexp.QuoteMeta(w)+`[.,?!]?`)
	}
	found := regexp.MustCompile("(?i)" + strings.Join(parts, " ")).FindString(hypothesis)
	if found == "" {
		return "", fmt.Errorf("the referent %q is not in %.80q", candidate, hypothesis)
	}
	if strings.IndexByte(".,!?", found[len(found)-1]) >= 0 {
		found = found[:len(found)-1]
	}
	return strings.TrimSuffix(strings.TrimSuffix(found, "'s"), "'"), nil
}
