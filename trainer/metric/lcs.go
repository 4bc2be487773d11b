package metric

import (
	"maps"
	"slices"
)

// longestCommon returns a longest common subsequence as places of a, in order. Of several it is the one that
// rouge_score finds: going backwards, words that are equal are taken; else the way with the longer rest, and a is gone
// back in when both are as long.
func longestCommon(a, b []string) []int {
	type step uint8
	const (
		both step = iota
		inA
		inB
	)
	// steps[i][j] leads back from a[:i+1], b[:j+1]: a byte a pair, where lengths would take four.
	steps := make([][]step, len(a))
	above, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for i := range a {
		steps[i] = make([]step, len(b))
		for j := range b {
			switch {
			case a[i] == b[j]:
				row[j+1], steps[i][j] = above[j]+1, both
			case row[j] > above[j+1]:
				row[j+1], steps[i][j] = row[j], inB
			default:
				row[j+1], steps[i][j] = above[j+1], inA
			}
		}
		above, row = row, above
	}
	var places []int
	for i, j := len(a)-1, len(b)-1; i >= 0 && j >= 0; {
		switch steps[i][j] {
		case both:
			places = append(places, i)
			i--
			j--
		case inA:
			i--
		case inB:
			j--
		}
	}
	slices.Reverse(places)
	return places
}

// summaryCommon counts the words of a reference that its sentences have in common with those of a prediction: the union,
// for each sentence of the reference, of its longest common subsequences with all of the prediction (Lin 2004, section
// 3.2). As in ROUGE-1.5.5 a word counts no more often than it occurs in either text.
func summaryCommon(reference, prediction [][]string) int {
	inReference, inPrediction := occurrences(reference), occurrences(prediction)
	hits := 0
	for _, r := range reference {
		union := make(map[int]bool)
		for _, p := range prediction {
			for _, place := range longestCommon(r, p) {
				union[place] = true
			}
		}
		for _, place := range slices.Sorted(maps.Keys(union)) {
			if word := r[place]; inReference[word] > 0 && inPrediction[word] > 0 {
				hits++
				inReference[word]--
				inPrediction[word]--
			}
		}
	}
	return hits
}

// occurrences counts the words of sentences.
func occurrences(sentences [][]string) map[string]int {
	counts := make(map[string]int)
	for _, s := range sentences {
		for _, word := range s {
			counts[word]++
		}
	}
	return counts
}
