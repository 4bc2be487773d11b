package texts

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"unicode"

	"t5train/data/task"
	"t5train/trainer/metric"
)

// BLEU is the BLEU of a corpus (Papineni et al. 2002) as sacrebleu computes it (Post 2018), from 0 to 100. The zero
// value has sacrebleu's defaults. Of several references, an n-gram may be found as often as in the one that has it
// most, and the one whose length is closest counts.
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

// Statistics implements [Metric].
func (b BLEU) Statistics(prediction string, references []string) []float64 {
	p := b.split(prediction)
	row := make([]float64, 2+2*bleuOrder)
	closest := -1
	var most [bleuOrder]map[string]int
	for _, reference := range references {
		r := b.split(reference)
		if d, best := abs(r.len()-p.len()),
			abs(closest-p.len()); closest < 0 || d < best || d == best && r.len() < closest {
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
func (b BLEU) Score(sum []float64) []metric.Value {
	return []metric.Value{{Name: task.BLEU, Value: b.Details(sum).Score}}
}

// BLEUDetails are the numbers that a BLEU score is made of.
type BLEUDetails struct {
	Score             float64 // from 0 to 100
	Matches, Total    [bleuOrder]float64
	Precisions        [bleuOrder]float64 // from 0 to 100, smoothed
	BrevityPenalty    float64
	Length, Reference float64 // tokens of predictions and of references
}

// Details computes BLEU from statistics: the brevity penalty times the geometric mean of the precisions (Papineni et
// al. 2002, section 2.3), smoothed as compute_bleu of sacrebleu/metrics/bleu.py does. It is 0 where nothing matches at
// all. SmoothAddK shows in Matches and Total.
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

// Signature implements [Metric]: sacrebleu's line.
func (b BLEU) Signature(references string) string {
	smooth := b.Smoothing.String()
	if b.Smoothing == SmoothFloor || b.Smoothing == SmoothAddK {
		smooth = fmt.Sprintf("%s[%.2f]", smooth, b.smoothingValue())
	}
	return sacrebleuSignature(references,
		fmt.Sprintf("case:%s|eff:%s|tok:%s|smooth:%s", caseName(b.Lowercase), yesNo(b.EffectiveOrder), b.Tokenizer,
			smooth))
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

// Tokenizer is how BLEU splits a text into tokens. Scores of different tokenizers cannot be compared.
type Tokenizer int

const (
	Tokenize13a  Tokenizer = iota // mteval-v13a.pl of the WMT campaigns: for languages of Latin script
	TokenizeIntl                  // mteval-v14.pl --international-tokenization: all punctuation and symbols of Unicode
	TokenizeChar                  // each character
	TokenizeZh                    // each Chinese character, the rest as 13a
	TokenizeNone                  // at white space: for texts that are tokenized
)

// tokenizerNames stand in the order of the constants.
var tokenizerNames = [...]string{"13a", task.TokenizeIntl, task.TokenizeChar, task.TokenizeZh, task.TokenizeNone}

func (t Tokenizer) String() string { return tokenizerNames[t] }

// ParseTokenizer returns the tokenizer of a name.
func ParseTokenizer(name string) (Tokenizer, error) {
	for t, n := range tokenizerNames {
		if n == name {
			return Tokenizer(t), nil
		}
	}
	return 0, fmt.Errorf("BLEU tokenizer %q is unknown, want one of %s", name, strings.Join(tokenizerNames[:], ", "))
}

// Split returns the tokens of a text, none of which is empty or holds white space.
func (t Tokenizer) Split(text string) []string {
	text = strings.TrimRightFunc(text, isSpace)
	switch t {
	case Tokenize13a:
		for _, r := range mteval13a {
			text = strings.ReplaceAll(text, r[0], r[1])
		}
		text = rewrite(" "+text+" ", western)
	case TokenizeIntl:
		text = rewrite(text, international)
	case TokenizeChar:
		text = strings.Join(strings.Split(text, ""), " ")
	case TokenizeZh:
		text = rewrite(spaceChinese(strings.TrimLeftFunc(text, isSpace)), western)
	}
	return fields(text)
}

// rule replaces all matches of a pattern, from left to right, none of which overlap.
type rule struct {
	pattern     *regexp.Regexp
	replacement string
}

func rewrite(text string, rules []rule) string {
	for _, r := range rules {
		text = r.pattern.ReplaceAllString(text, r.replacement)
	}
	return text
}

// mteval13a joins lines and reads entities, one pair after the other: "&amp;lt;" is "<".
var mteval13a = [][2]string{
	{"<skipped>", ""}, {"-\n", ""}, {"\n", " "},
	{"&quot;", `"`}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"},
}

// western is the part of mteval-v13a.pl for languages of Latin script.
var western = []rule{
	{regexp.MustCompile(`([{-~\[-\x60 -&(-+:-@/])`), " $1 "}, // ASCII punctuation but ' - , .
	{regexp.MustCompile(`([^0-9])([.,])`), "$1 $2 "},         // unless a digit is before it,
	{regexp.MustCompile(`([.,])([^0-9])`), " $1 $2"},         // or after it
	{regexp.MustCompile(`([0-9])(-)`), "$1 $2 "},
}

// international is mteval-v14.pl's. A number keeps a period that ends the text: the pattern wants something after it.
var international = []rule{
	{regexp.MustCompile(`(\P{N})(\p{P})`), "$1 $2 "},
	{regexp.MustCompile(`(\p{P})(\P{N})`), " $1 $2"},
	{regexp.MustCompile(`(\p{S})`), " $1 "},
}

// spaceChinese puts a space around each Chinese character.
func spaceChinese(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.Is(chinese, r) {
			b.WriteRune(' ')
			b.WriteRune(r)
			b.WriteRune(' ')
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// chinese are the characters that sacrebleu/tokenizers/tokenizer_zh.py takes for Chinese. It means the planes beyond
// U+FFFF where it has U+2001 to U+2A6D and U+2F81 to U+2FA1: these are punctuation, symbols and radicals, and scores
// are equal with them only.
var chinese = &unicode.RangeTable{R16: []unicode.Range16{
	{0x2001, 0x2a6d, 1}, {0x2e80, 0x2eff, 1}, {0x2f00, 0x2fdf, 1}, {0x2ff0, 0x2fff, 1}, {0x3000, 0x303f, 1},
	{0x3100, 0x312f, 1}, {0x31a0, 0x31bf, 1}, {0x31c0, 0x31ef, 1}, {0x3200, 0x33ff, 1}, {0x3400, 0x4db5, 1},
	{0x4e00, 0x9fbb, 1}, {0xf900, 0xfa2d, 1}, {0xfa30, 0xfa6a, 1}, {0xfa70, 0xfad9, 1}, {0xfe10, 0xfe1f, 1},
	{0xfe30, 0xfe4f, 1}, {0xff00, 0xffef, 1},
}}
