package texts

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"t5train/data/task"
	"t5train/trainer/metric"
)

// ChrF is chrF (Popović 2015), the F-score of character n-grams, and with a WordOrder of 2 chrF++ (Popović 2017), as
// sacrebleu computes them, from 0 to 100. The zero value has sacrebleu's defaults. Of several references the one with
// the best score of the example counts.
//
// The statistics of an example are, for each order of characters and then of words, the number of n-grams of the
// prediction, of the reference, and of both.
type ChrF struct {
	CharOrder  int // the longest n-gram of characters; 0 is 6
	WordOrder  int // the longest n-gram of words
	Beta       int // how many times as much recall counts as precision; 0 is 2
	Lowercase  bool
	Whitespace bool // white space is among the characters
	// EpsSmoothing averages the F-scores of all orders, as chrF++.py does, not precision and recall of those orders
	// that both texts are long enough for.
	EpsSmoothing bool
}

func (c ChrF) charOrder() int {
	if c.CharOrder == 0 {
		return 6 // Popović 2015, section 2
	}
	return c.CharOrder
}

func (c ChrF) beta() int {
	if c.Beta == 0 {
		return 2 // Popović 2016, "chrF deconstructed"
	}
	return c.Beta
}

// Statistics implements [Metric].
func (c ChrF) Statistics(prediction string, references []string) []float64 {
	p := c.ngrams(prediction)
	var best []float64
	bestScore := -1.0
	for _, reference := range references {
		r := c.ngrams(reference)
		row := make([]float64, 0, 3*len(r))
		for k := range r {
			inPrediction := total(p[k])
			if len(r[k]) == 0 {
				inPrediction = 0 // there is nothing to be found
			}
			row = append(row, inPrediction, total(r[k]), float64(common(p[k], r[k])))
		}
		if score := c.score(row); score > bestScore {
			best, bestScore = row, score
		}
	}
	return best
}

// ngrams counts the n-grams of each order.
func (c ChrF) ngrams(text string) []map[string]int {
	if c.Lowercase {
		text = lower(text)
	}
	chars := characters(text)
	if !c.Whitespace {
		chars = characters(strings.Join(fields(text), ""))
	}
	var orders []map[string]int
	for n := range c.charOrder() {
		orders = append(orders, chars.ngrams(n+1))
	}
	if c.WordOrder > 0 {
		words := words(splitPunctuation(text))
		for n := range c.WordOrder {
			orders = append(orders, words.ngrams(n+1))
		}
	}
	return orders
}

// splitPunctuation splits at white space, and one ASCII punctuation mark off the end of a word, else off its beginning:
// "(hi)" becomes "(hi" and ")" in chrF++.py.
func splitPunctuation(text string) []string {
	var words []string
	for _, word := range fields(text) {
		last := len(word) - 1
		switch {
		case utf8.RuneCountInString(word) == 1:
			words = append(words, word)
		case isPunctuation(word[last]):
			words = append(words, word[:last], word[last:])
		case isPunctuation(word[0]):
			words = append(words, word[:1], word[1:])
		default:
			words = append(words, word)
		}
	}
	return words
}

// isPunctuation tells ASCII punctuation: string.punctuation of Python.
func isPunctuation(b byte) bool {
	return '!' <= b && b <= '/' || ':' <= b && b <= '@' || '[' <= b && b <= '`' || '{' <= b && b <= '~'
}

// Score returns chrf, chrf+ or chrf++, with a plus for each order of words.
func (c ChrF) Score(sum []float64) []metric.Value {
	return []metric.Value{{Name: task.ChrF + strings.Repeat("+", c.WordOrder), Value: c.score(sum)}}
}

// score is (1 + beta^2) P R / (beta^2 P + R), where P and R are the means over orders of the precision and the recall
// (Popović 2015, equation 1), as _compute_f_score of sacrebleu/metrics/chrf.py has them.
func (c ChrF) score(sum []float64) float64 {
	const eps = 1e-16 // of chrF++.py
	factor := float64(c.beta() * c.beta())
	var precisions, recalls, scores, orders float64
	for k := 0; k < len(sum); k += 3 {
		inPrediction, inReference, both := sum[k], sum[k+1], sum[k+2]
		precision, recall := eps, eps
		if inPrediction > 0 {
			precision = both / inPrediction
		}
		if inReference > 0 {
			recall = both / inReference
		}
		if d := factor*precision + recall; d > 0 {
			scores += (1 + factor) * precision * recall / d
		} else {
			scores += eps
		}
		if inPrediction > 0 && inReference > 0 {
			precisions += precision
			recalls += recall
			orders++
		}
	}
	if c.EpsSmoothing {
		return 100 * scores / float64(len(sum)/3)
	}
	precision, recall := metric.Ratio(precisions, orders), metric.Ratio(recalls, orders)
	return 100 * metric.Ratio((1+factor)*precision*recall, factor*precision+recall)
}

// Signature implements [Metric]: sacrebleu's line.
func (c ChrF) Signature(references string) string {
	return sacrebleuSignature(references, fmt.Sprintf("case:%s|eff:%s|nc:%d|nw:%d|space:%s",
		caseName(c.Lowercase), yesNo(!c.EpsSmoothing), c.charOrder(), c.WordOrder, yesNo(c.Whitespace)))
}

// total is the number of n-grams.
func total(counts map[string]int) float64 {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return float64(sum)
}
