package metric

import (
	"strings"
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
