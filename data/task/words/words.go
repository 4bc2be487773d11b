// Package words cuts texts into words and marks of punctuation, as the data sets of named-entity recognition have them.
package words

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Token is a word or a mark of punctuation of a text.
type Token struct {
	Text       string
	Start, End int // in the text, in Unicode code points
}

// List returns the tokens of a list, with their places in the text that has a space between each two of them.
func List(list []string) []Token {
	tokens := make([]Token, len(list))
	at := 0
	for i, text := range list {
		end := at + utf8.RuneCountInString(text)
		tokens[i] = Token{text, at, end}
		at = end + 1
	}
	return tokens
}

// Join returns the text of tokens with a space between each two.
func Join(tokens []Token) string {
	texts := make([]string, len(tokens))
	for i, t := range tokens {
		texts[i] = t.Text
	}
	return strings.Join(texts, " ")
}

// Cut cuts a text into tokens in the way of CoNLL's data: words and marks of punctuation apart, except for marks
// inside of words and numbers, abbreviations, links, names that begin with @ and tags that begin with #. English
// clitics stand by themselves ('s, n't), and so does each character of Chinese and Japanese.
//
//	"Mr. Li isn't in St. John's (U.S.)." -> Mr. Li is n't in St. John 's ( U.S. ) .
func Cut(text string) []Token {
	runes := []rune(text)
	var tokens []Token
	for start := 0; start < len(runes); {
		if unicode.IsSpace(runes[start]) {
			start++
			continue
		}
		end := start
		for end < len(runes) && !unicode.IsSpace(runes[end]) {
			end++
		}
		tokens = cutWord(tokens, runes, start, end)
		start = end
	}
	return tokens
}

// cutWord adds the tokens of the text without spaces from start up to end.
func cutWord(tokens []Token, runes []rune, start, end int) []Token {
	add := func(from, to int) {
		if from < to {
			tokens = append(tokens, Token{string(runes[from:to]), from, to})
		}
	}
	for start < end && leads(runes[start:end]) {
		n := sameMarks(runes[start:end])
		add(start, start+n)
		start += n
	}
	// The marks behind the word, from its end.
	last := end
	for last > start && trails(runes[start:last]) {
		last--
	}
	if !isLink(runes[start:last]) {
		for at := start; at < last; at++ {
			if !cuts(runes, start, at, last) {
				continue
			}
			addClitics(add, runes, start, at)
			n := 1
			if !isIdeograph(runes[at]) {
				n = sameMarks(runes[at:last])
			}
			add(at, at+n)
			start, at = at+n, at+n-1
		}
	}
	addClitics(add, runes, start, last)
	for last < end {
		n := sameMarks(runes[last:end])
		add(last, last+n)
		last += n
	}
	return tokens
}

func isMark(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) }

// sameMarks returns how many equal marks a text begins with: three full stops are one token.
func sameMarks(runes []rune) int {
	n := 1
	for n < len(runes) && runes[n] == runes[0] && strings.ContainsRune(".-!?*=_", runes[0]) {
		n++
	}
	return n
}

// leads reports whether a word begins with a mark that is no part of it.
func leads(word []rune) bool {
	if !isMark(word[0]) {
		return false
	}
	if len(word) == 1 || isMark(word[1]) {
		return true
	}
	switch word[0] {
	case '@', '#', '_':
		return false
	case '-', '+', '.':
		return !unicode.IsDigit(word[1])
	case '\'', '’':
		return !slices.Contains(clitics, "'"+strings.ToLower(string(word[1:])))
	}
	return true
}

// trails reports whether a word ends with a mark that is no part of it.
func trails(word []rune) bool {
	last := len(word) - 1
	switch {
	case !isMark(word[last]):
		return false
	case last == 0:
		return true
	case word[last] == '.':
		return !isAbbreviation(word[:last])
	case word[last] == '%' && unicode.IsDigit(word[last-1]):
		return true
	case word[last] == '+' || word[last] == '#': // C++, C#
		return false
	}
	return true
}

// isAbbreviation reports whether a full stop behind a word is a part of it: a single letter, a word with another full
// stop inside, or a common title.
func isAbbreviation(word []rune) bool {
	if len(word) == 1 {
		return unicode.IsUpper(word[0])
	}
	for i, r := range word {
		if r == '.' && i > 0 && i < len(word)-1 && unicode.IsLetter(word[len(word)-1]) && i >= len(word)-3 {
			return true
		}
	}
	return slices.Contains(abbreviations, string(word))
}

// The words that are written with a full stop, and the ends of English words that are tokens.
var (
	abbreviations = strings.Fields("Mr Mrs Ms Dr Prof St Jr Sr Gen Col Lt Sgt Capt Sen Rep Gov Rev Hon Inc Corp " +
		"Ltd Co Bros No vs Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec")
	clitics = []string{"n't", "'s", "'re", "'ve", "'ll", "'d", "'m"}
)

// isLink reports whether a word is an address of the web or of mail.
func isLink(word []rune) bool {
	text := strings.ToLower(string(word))
	at := strings.IndexByte(text, '@')
	return strings.Contains(text, "://") || strings.HasPrefix(text, "www.") || at > 0 &&
		strings.Contains(text[at:], ".")
}

// cuts reports whether the word from start up to end has a mark at a place that divides it.
func cuts(runes []rune, start, at, end int) bool {
	r := runes[at]
	switch {
	case isIdeograph(r) ||
		strings.ContainsRune("()[]{}<>\"“”„«»;!?…—、。，：；！？「」『』（）", r):
		return true
	case r == ',' || r == ':':
		return at == start || at+1 == end || !unicode.IsDigit(runes[at-1]) || !unicode.IsDigit(runes[at+1])
	case r == '-' || r == '.':
		return at+1 < end && runes[at+1] == r
	}
	return false
}

func isIdeograph(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) }

// addClitics adds a word, and what ends it as a token of its own.
func addClitics(add func(from, to int), runes []rune, start, end int) {
	lower := strings.ReplaceAll(strings.ToLower(string(runes[start:end])), "’", "'")
	for _, c := range clitics {
		if rest, ok := strings.CutSuffix(lower, c); ok && rest != "" {
			add(start, end-len(c))
			add(end-len(c), end)
			return
		}
	}
	add(start, end)
}
