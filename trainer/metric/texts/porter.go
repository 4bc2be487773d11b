package texts

import (
	"strings"
)

// Stem takes suffixes off a word of small ASCII letters: the algorithm of Porter 1980, "An algorithm for suffix
// stripping", with the extensions that NLTK's PorterStemmer has by default and rouge_score therefore counts by. Steps
// and conditions are named as in the paper.
func Stem(word string) string {
	switch word {
	case "sky", "skies":
		return "sky"
	case "dying", "lying", "tying":
		return word[:1] + "ie"
	case "innings", "outings", "cannings":
		return word[:len(word)-1]
	case "news", "inning", "outing", "canning", "howe", "proceed", "exceed", "succeed":
		return word
	}
	if len(word) <= 2 {
		return word
	}
	word = step1c(step1b(step1a(word)))
	word = replace(step2(word), step3Rules)
	return step5b(step5a(step4(word)))
}

// suffixRule replaces a suffix.
type suffixRule struct{ suffix, replacement string }

// replace applies the first rule whose suffix the word has, if the measure of the stem before it is above 0. If it is
// not, no other rule is tried.
func replace(word string, rules []suffixRule) string {
	for _, r := range rules {
		if stem, ok := strings.CutSuffix(word, r.suffix); ok {
			if measure(stem) > 0 {
				return stem + r.replacement
			}
			return word
		}
	}
	return word
}

// step1a: plurals. "ties" keeps its e, an extension.
func step1a(word string) string {
	switch {
	case strings.HasSuffix(word, "ies") && len(word) == 4:
		return word[:3]
	case strings.HasSuffix(word, "sses"), strings.HasSuffix(word, "ies"):
		return word[:len(word)-2]
	case strings.HasSuffix(word, "ss"):
		return word
	default:
		return strings.TrimSuffix(word, "s")
	}
}

// step1b: -ed and -ing. "died" and "spied" are an extension.
func step1b(word string) string {
	if stem, ok := strings.CutSuffix(word, "ied"); ok {
		if len(word) == 4 {
			return stem + "ie"
		}
		return stem + "i"
	}
	if stem, ok := strings.CutSuffix(word, "eed"); ok {
		if measure(stem) > 0 {
			return stem + "ee"
		}
		return word
	}
	stem, ok := strings.CutSuffix(word, "ed")
	if !ok || !hasVowel(stem) {
		if stem, ok = strings.CutSuffix(word, "ing"); !ok || !hasVowel(stem) {
			return word
		}
	}
	last := stem[len(stem)-1]
	switch {
	case strings.HasSuffix(stem, "at"), strings.HasSuffix(stem, "bl"), strings.HasSuffix(stem, "iz"):
		return stem + "e"
	case endsDouble(stem):
		if last == 'l' || last == 's' || last == 'z' {
			return stem
		}
		return stem[:len(stem)-1]
	case measure(stem) == 1 && endsCVC(stem):
		return stem + "e"
	default:
		return stem
	}
}

// step1c: -y becomes -i after a consonant that is not the first letter, an extension: the paper asks for a vowel.
func step1c(word string) string {
	stem, ok := strings.CutSuffix(word, "y")
	if c := consonants(stem); ok && len(stem) > 1 && c[len(c)-1] {
		return stem + "i"
	}
	return word
}

// step2: -alli is tried first and the result goes through the step again, an extension, as are -bli, -fulli and -logi,
// whose l counts for the stem.
func step2(word string) string {
	if stem, ok := strings.CutSuffix(word, "alli"); ok && measure(stem) > 0 {
		return step2(stem + "al")
	}
	if stem, ok := strings.CutSuffix(word, "ogi"); ok && strings.HasSuffix(stem, "l") {
		if measure(stem) > 0 {
			return stem + "og"
		}
		return word
	}
	return replace(word, step2Rules)
}

var step2Rules = []suffixRule{
	{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"}, {"bli", "ble"},
	{"alli", "al"}, {"entli", "ent"}, {"eli", "e"}, {"ousli", "ous"}, {"ization", "ize"}, {"ation", "ate"},
	{"ator", "ate"},
	{"alism", "al"}, {"iveness", "ive"}, {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"}, {"iviti", "ive"},
	{"biliti", "ble"}, {"fulli", "ful"},
}

var step3Rules = []suffixRule{
	{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""}, {"ness", ""},
}

// step4 takes the first of these suffixes off if the measure of the stem is above 1; -ion after s or t only.
func step4(word string) string {
	for _, suffix := range [...]string{"al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment",
		"ent", "ion",
		"ou", "ism", "ate", "iti", "ous", "ive", "ize"} {
		stem, ok := strings.CutSuffix(word, suffix)
		if !ok {
			continue
		}
		if measure(stem) > 1 && (suffix != "ion" || strings.HasSuffix(stem, "s") || strings.HasSuffix(stem, "t")) {
			return stem
		}
		return word
	}
	return word
}

// step5a: the final -e.
func step5a(word string) string {
	if stem, ok := strings.CutSuffix(word, "e"); ok {
		if m := measure(stem); m > 1 || m == 1 && !endsCVC(stem) {
			return stem
		}
	}
	return word
}

// step5b: the final -ll.
func step5b(word string) string {
	if strings.HasSuffix(word, "ll") && measure(word[:len(word)-1]) > 1 {
		return word[:len(word)-1]
	}
	return word
}

// consonants tells of each letter whether it is one: none of a e i o u, and y where it does not follow a consonant.
func consonants(word string) []bool {
	c := make([]bool, len(word))
	for i := range len(word) {
		switch word[i] {
		case 'a', 'e', 'i', 'o', 'u':
		case 'y':
			c[i] = i == 0 || !c[i-1]
		default:
			c[i] = true
		}
	}
	return c
}

// measure is m of [C](VC)^m[V]: how often a consonant follows a vowel.
func measure(stem string) int {
	c, m := consonants(stem), 0
	for i := 1; i < len(c); i++ {
		if c[i] && !c[i-1] {
			m++
		}
	}
	return m
}

// hasVowel is *v*.
func hasVowel(stem string) bool {
	for _, consonant := range consonants(stem) {
		if !consonant {
			return true
		}
	}
	return false
}

// endsDouble is *d: a consonant twice at the end.
func endsDouble(stem string) bool {
	n := len(stem)
	return n >= 2 && stem[n-1] == stem[n-2] && consonants(stem)[n-1]
}

// endsCVC is *o: consonant, vowel and consonant but w, x and y at the end, or, an extension, nothing but a vowel and a
// consonant.
func endsCVC(stem string) bool {
	c, n := consonants(stem), len(stem)
	if n == 2 {
		return !c[0] && c[1]
	}
	return n >= 3 && c[n-3] && !c[n-2] && c[n-1] && !strings.ContainsRune("wxy", rune(stem[n-1]))
}
