package metric

import (
	"strings"
	"unicode"
)

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

// endsWord tells whether a letter comes before place i and none after it: Final_Sigma of the Unicode Standard, table 3-17.
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
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) || strings.ContainsRune(wordMiddle, r)
}

// wordMiddle has the characters with the Word_Break property MidLetter, MidNumLet or Single_Quote.
const wordMiddle = ":·\u0387\u055f\u05f4\u2027\ufe13\ufe55\uff1a" + ".\u2018\u2019\u2024\ufe52\uff07\uff0e" + "'"
