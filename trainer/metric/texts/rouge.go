package texts

import (
	"maps"
	"slices"
	"strings"

	"t5train/data/task"
	"t5train/trainer/metric"
)

// ROUGE is ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum (Lin 2004) as Google's rouge_score computes them, from 0 to 1:
// means over examples. It knows English only: tokens are runs of a to z and digits. ROUGE-Lsum takes each line for a
// sentence. Of several references each of the four takes the one with the best F1.
//
// The statistics of an example are 1, then precision, recall and F1 of each.
type ROUGE struct {
	Stemmer bool // compare words of more than 3 letters by their stems
}

var rougeNames = [...]string{task.Rouge1, task.Rouge2, task.RougeL, task.RougeLsum}

// Pair returns the scores of a prediction against one reference, in the order of the name.
func (r ROUGE) Pair(prediction, reference string) [len(rougeNames)]metric.PRF {
	p, t := r.tokens(prediction), r.tokens(reference)
	sp, st := words(p), words(t)
	unigrams := common(sp.ngrams(1), st.ngrams(1))
	bigrams := common(sp.ngrams(2), st.ngrams(2))
	predicted, expected := r.sentences(prediction), r.sentences(reference)
	return [...]metric.PRF{
		metric.NewPRF(unigrams, len(p), len(t)),
		metric.NewPRF(bigrams, max(0, len(p)-1), max(0, len(t)-1)),
		metric.NewPRF(len(longestCommon(t, p)), len(p), len(t)),
		metric.NewPRF(summaryCommon(expected, predicted), len(p), len(t)),
	}
}

// Statistics implements [Metric].
func (r ROUGE) Statistics(prediction string, references []string) []float64 {
	var best [len(rougeNames)]metric.PRF
	for i, reference := range references {
		for k, prf := range r.Pair(prediction, reference) {
			if i == 0 || prf.F1 > best[k].F1 {
				best[k] = prf
			}
		}
	}
	row := []float64{1}
	for _, prf := range best {
		row = append(row, prf.Precision, prf.Recall, prf.F1)
	}
	return row
}

// Score returns the F1 of rouge1, rouge2, rougeL and rougeLsum.
func (r ROUGE) Score(sum []float64) []metric.Value {
	values := make([]metric.Value, len(rougeNames))
	for k, name := range rougeNames {
		values[k] = metric.Value{Name: name, Value: metric.Ratio(sum[3+3*k], sum[0])}
	}
	return values
}

// Signature implements [Metric].
func (r ROUGE) Signature(references string) string {
	return "nrefs:" + references + "|stemmer:" + yesNo(r.Stemmer)
}

// tokens returns the words of a text: tokenize of rouge_score/tokenize.py.
func (r ROUGE) tokens(text string) []string {
	tokens := strings.FieldsFunc(lower(text),
		func(c rune) bool { return !('a' <= c && c <= 'z' || '0' <= c && c <= '9') })
	if r.Stemmer {
		for i, token := range tokens {
			if len(token) > 3 {
				tokens[i] = Stem(token)
			}
		}
	}
	return tokens
}

// sentences returns the words of each line.
func (r ROUGE) sentences(text string) [][]string {
	var sentences [][]string
	for line := range strings.SplitSeq(text, "\n") {
		if tokens := r.tokens(line); len(tokens) > 0 {
			sentences = append(sentences, tokens)
		}
	}
	return sentences
}

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

// summaryCommon counts the words of a reference that its sentences have in common with those of a prediction: the
// union, for each sentence of the reference, of its longest common subsequences with all of the prediction (Lin 2004,
// section 3.2). As in ROUGE-1.5.5 a word counts no more often than it occurs in either text.
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
