package texts

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sequence is a text and where its items, words or characters, begin and end in it, in bytes. A run of items is a piece
// of the text and needs no memory.
type sequence struct {
	text       string
	begin, end []int
}

// words returns the sequence of words, none of which holds a space.
func words(w []string) sequence {
	s := sequence{text: strings.Join(w, " ")}
	at := 0
	for _, word := range w {
		s.begin, s.end = append(s.begin, at), append(s.end, at+len(word))
		at += len(word) + 1
	}
	return s
}

// characters returns the sequence of characters.
func characters(text string) sequence {
	s := sequence{text: text}
	for at := 0; at < len(text); {
		_, size := utf8.DecodeRuneInString(text[at:])
		s.begin, s.end = append(s.begin, at), append(s.end, at+size)
		at += size
	}
	return s
}

func (s sequence) len() int { return len(s.begin) }

// ngrams counts the runs of n items.
func (s sequence) ngrams(n int) map[string]int {
	counts := make(map[string]int)
	for i := 0; i+n <= s.len(); i++ {
		counts[s.text[s.begin[i]:s.end[i+n-1]]]++
	}
	return counts
}

// common adds up how often n-grams occur in both.
func common(a, b map[string]int) int {
	if len(b) < len(a) {
		a, b = b, a
	}
	sum := 0
	for ngram, n := range a {
		sum += min(n, b[ngram])
	}
	return sum
}

// The reference tools are written in Python, whose notions of white space and lower case differ from Go's in a few
// characters. These functions follow Python's.

// isSpace tells white space: str.isspace.
func isSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// isWord tells the characters of \w in Python's re.
func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// fields splits at white space: str.split.
func fields(s string) []string { return strings.FieldsFunc(s, isSpace) }

// lower is str.lower: the full mapping of the Unicode Standard, section 3.13. Beyond the mapping of single characters
// it has one that becomes two and the small sigma at the end of a word.
func lower(s string) string {
	s = strings.ReplaceAll(s, "İ", "i\u0307")
	if strings.Contains(s, "Σ") {
		runes := []rune(s)
		for i, r := range runes {
			if r == 'Σ' && endsWord(runes, i) {
				runes[i] = 'ς'
			}
		}
		s = string(runes)
	}
	return strings.ToLower(s)
}

// endsWord reports whether a letter comes before place i and none after it: Final_Sigma of the Unicode Standard, table
// 3-17.
func endsWord(runes []rune, i int) bool {
	before, after := i-1, i+1
	for before >= 0 && caseIgnorable(runes[before]) {
		before--
	}
	for after < len(runes) && caseIgnorable(runes[after]) {
		after++
	}
	return before >= 0 && cased(runes[before]) && (after == len(runes) || !cased(runes[after]))
}

func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

func caseIgnorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) ||
		strings.ContainsRune(wordMiddle, r)
}

// wordMiddle has the characters with the Word_Break property MidLetter, MidNumLet or Single_Quote.
const wordMiddle = ":·\u0387\u055f\u05f4\u2027\ufe13\ufe55\uff1a" + ".\u2018\u2019\u2024\ufe52\uff07\uff0e" + "'"
