package metric

import (
	"fmt"
	"math"
)

// BLEU is the BLEU of a corpus (Papineni et al. 2002) as sacrebleu computes it (Post 2018), from 0 to 100. The zero value
// has sacrebleu's defaults. Of several references, an n-gram may be found as often as in the one that has it most, and the
// one whose length is closest counts.
//
// The statistics of an example are its length and that of the reference in tokens, then for n from 1 to 4 the number of
// n-grams that are right, and that of all.
type BLEU struct {
	Tokenizer Tokenizer
	Lowercase bool
	Smoothing Smoothing
	// EffectiveOrder leaves out the orders that no n-gram of the prediction is long enough for: for single sentences.
	EffectiveOrder bool
}

// bleuOrder is the longest n-gram: Papineni et al. 2002, section 2.3.
const bleuOrder = 4

// Smoothing is what BLEU does about n-grams that never match, for which the geometric mean would be 0. Names of methods
// are those of Chen and Cherry 2014, "A systematic comparison of smoothing techniques for sentence-level BLEU".
type Smoothing int

const (
	SmoothExp   Smoothing = iota // method 3: each order without a match halves the precision again
	SmoothFloor                  // method 1: a small number of matches
	SmoothAddK                   // method 2: more matches and n-grams of each order but the first
	SmoothNone
)

var smoothingNames = [...]string{SmoothExp: "exp", SmoothFloor: "floor", SmoothAddK: "add-k", SmoothNone: "none"}

func (s Smoothing) String() string { return smoothingNames[s] }

// Statistics implements [Scorer].
func (b BLEU) Statistics(prediction string, references []string) []float64 {
	p := b.split(prediction)
	row := make([]float64, 2+2*bleuOrder)
	closest := -1
	var most [bleuOrder]map[string]int
	for _, reference := range references {
		r := b.split(reference)
		if d, best := abs(r.len()-p.len()), abs(closest-p.len()); closest < 0 || d < best || d == best && r.len() < closest {
			closest = r.len()
		}
		for n := range most {
			most[n] = union(most[n], r.ngrams(n+1))
		}
	}
	row[0], row[1] = float64(p.len()), float64(closest)
	for n := range most {
		row[2+n] = float64(common(p.ngrams(n+1), most[n]))
		row[2+bleuOrder+n] = float64(max(0, p.len()-n))
	}
	return row
}

func (b BLEU) split(text string) sequence {
	if b.Lowercase {
		text = lower(text)
	}
	return words(b.Tokenizer.Split(text))
}

// Score returns bleu.
func (b BLEU) Score(sum []float64) []Value { return []Value{{"bleu", b.Details(sum).Score}} }

// BLEUDetails are the numbers that a BLEU score is made of.
type BLEUDetails struct {
	Score             float64 // from 0 to 100
	Matches, Total    [bleuOrder]float64
	Precisions        [bleuOrder]float64 // from 0 to 100, smoothed
	BrevityPenalty    float64
	Length, Reference float64 // tokens of predictions and of references
}

// Details computes BLEU from statistics: the brevity penalty times the geometric mean of the precisions (Papineni et al.
// 2002, section 2.3), smoothed as compute_bleu of sacrebleu/metrics/bleu.py does. It is 0 where nothing matches at all.
// SmoothAddK shows in Matches and Total.
func (b BLEU) Details(sum []float64) BLEUDetails {
	d := BLEUDetails{BrevityPenalty: 1, Length: sum[0], Reference: sum[1]}
	copy(d.Matches[:], sum[2:])
	copy(d.Total[:], sum[2+bleuOrder:])
	switch {
	case d.Length == 0 && d.Reference > 0:
		d.BrevityPenalty = 0
	case d.Length < d.Reference:
		d.BrevityPenalty = math.Exp(1 - d.Reference/d.Length)
	}
	if d.Matches == [bleuOrder]float64{} {
		return d
	}
	value, halvings, order := b.smoothingValue(), 1.0, bleuOrder
	for n := range bleuOrder {
		if b.Smoothing == SmoothAddK && n > 0 {
			d.Matches[n] += value
			d.Total[n] += value
		}
		if d.Total[n] == 0 {
			break
		}
		if b.EffectiveOrder {
			order = n + 1
		}
		matches := d.Matches[n]
		if matches == 0 && b.Smoothing == SmoothExp {
			halvings *= 2
			matches = 1 / halvings
		} else if matches == 0 && b.Smoothing == SmoothFloor {
			matches = value
		}
		d.Precisions[n] = 100 * matches / d.Total[n]
	}
	var logs float64
	for _, p := range d.Precisions[:order] {
		logs += math.Log(p)
	}
	d.Score = d.BrevityPenalty * math.Exp(logs/float64(order))
	return d
}

// smoothingValue is what SmoothFloor and SmoothAddK add, as Chen and Cherry 2014 have it.
func (b BLEU) smoothingValue() float64 {
	if b.Smoothing == SmoothFloor {
		return 0.1
	}
	return 1
}

// Signature implements [Scorer]: sacrebleu's line.
func (b BLEU) Signature(references string) string {
	smooth := b.Smoothing.String()
	if b.Smoothing == SmoothFloor || b.Smoothing == SmoothAddK {
		smooth = fmt.Sprintf("%s[%.2f]", smooth, b.smoothingValue())
	}
	return sacrebleuSignature(references,
		fmt.Sprintf("case:%s|eff:%s|tok:%s|smooth:%s", caseName(b.Lowercase), yesNo(b.EffectiveOrder), b.Tokenizer, smooth))
}

// union keeps the larger count of each n-gram, in a.
func union(a, b map[string]int) map[string]int {
	if a == nil {
		return b
	}
	for ngram, n := range b {
		a[ngram] = max(a[ngram], n)
	}
	return a
}

func abs(n int) int { return max(n, -n) }
