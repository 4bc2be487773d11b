// Package nearest finds the word that a misspelt one may be.
package nearest

import "strings"

// DidYouMean returns the question that follows an unknown word, after sep, or "" when nothing is near.
func DidYouMean(word string, known []string, sep string) string {
	if near := Word(word, known); near != "" {
		return sep + "did you mean " + near + "?"
	}
	return ""
}

// Word returns the known word or dotted key with the fewest edits to word, or "" when none is near. A key
// with the right last part in another section counts as one edit: train.learning_rate is near
// optimizer.learning_rate.
func Word(word string, known []string) string {
	const longest = 64 // bytes; longer than any key, and keeps the search cheap on garbage
	if len(word) > longest {
		return ""
	}
	word = strings.ToLower(word)
	leaf := word[strings.LastIndexByte(word, '.')+1:]
	best, fewest := "", max(2, len(word)/3)+1 // a third of the letters wrong is still a guess, more is none
	for _, k := range known {
		edits := distance(word, k)
		if strings.HasSuffix(k, "."+leaf) || k == leaf {
			edits = min(edits, 1)
		}
		if edits < fewest {
			best, fewest = k, edits
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes: insertions, deletions and replacements from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1) // row[j]: from the part of a read so far to b[:j]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
