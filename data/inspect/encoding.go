package inspect

import (
	"slices"
	"unicode/utf8"
)

// windows1252 has the characters of the bytes 0x80 to 0x9f; a byte that Windows-1252 leaves open is the control
// character that it is in Latin-1.
var windows1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

// FixEncoding returns what a text says that is UTF-8 which was read as Windows-1252 or Latin-1: é for Ã©. A text of
// which any character does not fit that is returned as it is.
func FixEncoding(text string) string {
	for {
		fixed, ok := decodedAgain(text)
		if !ok {
			return text
		}
		text = fixed // it may have been read wrongly more than once
	}
}

// decodedAgain reads the bytes that a text is in Windows-1252 as UTF-8. ok says that they are, and fewer characters.
func decodedAgain(text string) (fixed string, ok bool) {
	raw := make([]byte, 0, len(text))
	for _, r := range text {
		if r <= 0xff { // as Latin-1 has it
			raw = append(raw, byte(r))
			continue
		}
		i := slices.Index(windows1252, r)
		if i < 0 {
			return "", false
		}
		raw = append(raw, byte(0x80+i))
	}
	if !utf8.Valid(raw) || utf8.RuneCount(raw) >= utf8.RuneCountInString(text) {
		return "", false
	}
	return string(raw), true
}
