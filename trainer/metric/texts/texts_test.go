package texts

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"t5train/trainer/metric"
)

// everyMetric has each metric by a name, and what it gives a prediction that is the reference.
func everyMetric() map[string]struct {
	Metric
	perfect float64
} {
	type entry = struct {
		Metric
		perfect float64
	}
	return map[string]entry{
		"BLEU":            {BLEU{}, 100},
		"BLEU intl":       {BLEU{Tokenizer: TokenizeIntl, Lowercase: true}, 100},
		"BLEU char":       {BLEU{Tokenizer: TokenizeChar, Smoothing: SmoothFloor}, 100},
		"BLEU zh":         {BLEU{Tokenizer: TokenizeZh, Smoothing: SmoothAddK}, 100},
		"BLEU none":       {BLEU{Tokenizer: TokenizeNone, Smoothing: SmoothNone, EffectiveOrder: true}, 100},
		"chrF":            {ChrF{}, 100},
		"chrF++":          {ChrF{WordOrder: 2}, 100},
		"chrF whitespace": {ChrF{Whitespace: true, Lowercase: true}, 100},
		"TER":             {TER{}, 0},
		"ROUGE":           {ROUGE{}, 1},
		"ROUGE stemmer":   {ROUGE{Stemmer: true}, 1},
		"SQuAD":           {SQuAD{}, 1},
		"Exact":           {Exact{}, 1},
	}
}

// somePairs returns predictions and their references.
func somePairs(n int) (predictions []string, references [][]string) {
	random := rand.New(rand.NewPCG(7, 8))
	vocabulary := strings.Fields("the cat sat on a mat and 1,000 dogs didn't run; naïve Œuvre 語 “quoted” running " +
		"cities, end.")
	text := func() string {
		var words []string
		for range 4 + random.IntN(12) {
			words = append(words, vocabulary[random.IntN(len(vocabulary))])
		}
		return strings.Join(words, " ")
	}
	for range n {
		reference := text()
		words := strings.Fields(reference)
		for range random.IntN(5) {
			words[random.IntN(len(words))] = vocabulary[random.IntN(len(vocabulary))]
		}
		predictions = append(predictions, strings.Join(words, " "))
		references = append(references, []string{reference, text()})
	}
	return predictions, references
}

func TestMetrics(t *testing.T) {
	predictions, references := somePairs(60)
	for name, s := range everyMetric() {
		t.Run(name, func(t *testing.T) {
			m, perfect, backwards := New(s), New(s), New(s)
			for i, p := range predictions {
				addText(t, m, p, references[i]...)
				addText(t, perfect, references[i][0], references[i][0])
			}
			for i := range predictions {
				i = len(predictions) - 1 - i
				addText(t, backwards, predictions[i], references[i]...)
			}
			for _, v := range perfect.Result() {
				if !(math.Abs(v.Value-s.perfect) <= 1e-9) {
					t.Errorf("%s of texts that are right is %v, want %v", v.Name, v.Value, s.perfect)
				}
			}
			for k, v := range m.Result() {
				if b := backwards.Result()[k]; b.Name != v.Name || !(math.Abs(b.Value-v.Value) <= 1e-9) {
					t.Errorf("%s is %v, backwards %s is %v", v.Name, v.Value, b.Name, b.Value)
				}
				if v.Value == s.perfect || v.Value == 0 {
					t.Errorf("%s of texts that are partly right is %v", v.Name, v.Value)
				}
			}
			if !strings.HasPrefix(m.Signature(), "nrefs:2") || !strings.HasPrefix(perfect.Signature(), "nrefs:1") {
				t.Errorf("signatures %s and %s, want 2 references and 1", m.Signature(), perfect.Signature())
			}
			addText(t, m, "a", "a")
			if !strings.HasPrefix(m.Signature(), "nrefs:var") {
				t.Errorf("signature %s, want a varying number of references", m.Signature())
			}
		})
	}
}

// The values of all examples are those of a sample that has each of them once, in any order, and lie in their
// intervals.
func TestSampled(t *testing.T) {
	predictions, references := somePairs(60)
	for name, s := range everyMetric() {
		m := New(s)
		for i, p := range predictions {
			addText(t, m, p, references[i]...)
		}
		index := make([]int, m.Len())
		for i := range index {
			index[i] = len(index) - 1 - i
		}
		intervals, err := metric.Bootstrap(t.Context(), m, 1)
		if err != nil {
			t.Fatal(err)
		}
		sample := m.Sample(index)
		for k, v := range m.Result() {
			if sample[k].Name != v.Name || !(math.Abs(sample[k].Value-v.Value) <= 1e-9) {
				t.Errorf("%s: %s is %v, of the sample %v", name, v.Name, v.Value, sample[k])
			}
			if in := intervals[k]; in.Name != v.Name || !(in.Low <= v.Value && v.Value <= in.High) {
				t.Errorf("%s is %v, its interval %+v", v.Name, v.Value, in)
			}
		}
	}
}

// FuzzMetrics: any bytes have a finite score.
func FuzzMetrics(f *testing.F) {
	for _, s := range []string{"", "the cat", "\xff\xfe.\xc3", "a\x1cb\u2028c", "١.٢ ½ “x”", "ΑΣ İ",
		"&amp;lt;<skipped>-\n", "語語 the, 5-6"} {
		f.Add(s, "the cat sat", "")
		f.Add("the cat sat", s, s)
	}
	f.Fuzz(func(t *testing.T, prediction, first, second string) {
		if len(prediction)+len(first)+len(second) > 500 {
			return
		}
		for name, s := range everyMetric() {
			one := s.Statistics(prediction, []string{first})
			two := s.Statistics(prediction, []string{first, second})
			if len(one) != len(two) {
				t.Fatalf("%s: %d and %d statistics", name, len(one), len(two))
			}
			for _, v := range append(s.Score(one), s.Score(two)...) {
				if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) || v.Value < 0 {
					t.Errorf("%s: %s of %q for %q or %q is %v", name, v.Name, prediction, first, second, v.Value)
				}
			}
		}
	})
}

func TestTextRefuses(t *testing.T) {
	m := New(Exact{})
	if err := m.Add("a", nil); err == nil || !strings.Contains(err.Error(), "no reference") {
		t.Errorf("error is %v, want that there is no reference", err)
	}
	if m.Len() != 0 || m.Result() != nil || m.Sample(nil) != nil {
		t.Errorf("%d examples with %v, want none", m.Len(), m.Result())
	}
}

func TestExact(t *testing.T) {
	m := New(Exact{})
	addText(t, m, "a b", "a  b", "a b")
	addText(t, m, "A", "a")
	if got := fmt.Sprint(m.Result()); got != "[{exact_match 0.5}]" {
		t.Errorf("result is %s, want a half", got)
	}
}

func TestSignatures(t *testing.T) {
	for _, test := range []struct {
		metric Metric
		want   string
	}{
		{BLEU{}, "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"},
		{BLEU{Tokenizer: TokenizeIntl, Lowercase: true, EffectiveOrder: true, Smoothing: SmoothFloor},
			"nrefs:1|case:lc|eff:yes|tok:intl|smooth:floor[0.10]|version:2.6.0"},
		{BLEU{Smoothing: SmoothAddK}, "nrefs:1|case:mixed|eff:no|tok:13a|smooth:add-k[1.00]|version:2.6.0"},
		{ChrF{}, "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0"},
		{ChrF{WordOrder: 2, Whitespace: true, EpsSmoothing: true},
			"nrefs:1|case:mixed|eff:no|nc:6|nw:2|space:yes|version:2.6.0"},
		{TER{}, "nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:2.6.0"},
		{ROUGE{Stemmer: true}, "nrefs:1|stemmer:yes"},
		{SQuAD{Unanswerable: true}, "nrefs:1|squad:2.0"},
	} {
		if got := test.metric.Signature("1"); got != test.want {
			t.Errorf("%#v: signature %s, want %s", test.metric, got, test.want)
		}
	}
}

func TestTokenizers(t *testing.T) {
	for _, test := range []struct {
		tokenizer Tokenizer
		text      string
		want      string // tokens between bars
	}{
		{Tokenize13a, "", ""},
		{Tokenize13a, "It's 1,000.5, i.e. 5-6 (or so).", "It's|1,000.5|,|i|.|e|.|5|-|6|(|or|so|)|."},
		{Tokenize13a, "end-\nof <skipped>line\nx", "endof|line|x"},
		{Tokenize13a, "&quot;&amp;lt;", `"|<`},
		{Tokenize13a, "语“x”…", "语“x”…"},
		{TokenizeIntl, "It's 1,000.5 “x”… €5. in 1999.", "It|'|s|1,000.5|“|x|”|…|€|5|.|in|1999."},
		{TokenizeChar, "a b\tç", "a|b|ç"},
		{TokenizeZh, "语言x, …1.5", "语|言|x|,|…|1.5"},
		{TokenizeNone, " a,b\u00a0c\x1cd ", "a,b|c|d"},
	} {
		if got := strings.Join(test.tokenizer.Split(test.text), "|"); got != test.want {
			t.Errorf("%s: %q has tokens %q, want %q", test.tokenizer, test.text, got, test.want)
		}
	}
	if _, err := ParseTokenizer("moses"); err == nil || !strings.Contains(err.Error(), "13a, intl, char, zh, none") {
		t.Errorf("error is %v, want one that lists the tokenizers", err)
	}
}

// FuzzTokenizers: tokens hold no white space, and nothing of a text is lost but that.
func FuzzTokenizers(f *testing.F) {
	for _, s := range []string{"", "It's 1,000.5, i.e. 5-6 (or so).", "\xff.\xc3", "a\x1cb\u2028c", "١.٢ ½ “x”…",
		"语,言"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for tokenizer := range tokenizerNames {
			tokens := Tokenizer(tokenizer).Split(text)
			for _, token := range tokens {
				if token == "" || strings.ContainsFunc(token, isSpace) {
					t.Errorf("%s: token %q of %q", Tokenizer(tokenizer), token, text)
				}
			}
			joined, want := strings.Join(tokens, ""), strings.Join(fields(text), "")
			if changes := Tokenizer(tokenizer) == Tokenize13a || Tokenizer(tokenizer) == TokenizeZh; !changes &&
				joined != want {
				t.Errorf("%s: %q has tokens %q", Tokenizer(tokenizer), text, tokens)
			}
		}
	})
}

func TestLower(t *testing.T) {
	for text, want := range map[string]string{
		"ÀB":       "àb",
		"İ":        "i\u0307",
		"ΑΣ":       "ας",
		"ΑΣΑ Σ Σ.": "ασα σ σ.",
		"ΑΣ'Σ":     "ασ'ς",
		"ΑΣ.Α":     "ασ.α",
		"\xffΣ":    "\ufffdσ",
	} {
		if got := lower(text); got != want {
			t.Errorf("%q in small letters is %q, want %q", text, got, want)
		}
	}
}

func TestSequences(t *testing.T) {
	if got, want := fmt.Sprint(words([]string{"a", "b", "a", "b"}).ngrams(2)), "map[a b:2 b a:1]"; got != want {
		t.Errorf("pairs of words are %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(characters("äbä\xff").ngrams(1)), "map[b:1 ä:2 \xff:1]"; got != want {
		t.Errorf("characters are %q, want %q", got, want)
	}
	if got := characters("ab").ngrams(3); len(got) != 0 {
		t.Errorf("%v in a text of two characters", got)
	}
	if !slices.Equal(fields(" a\x1fb\u0085c\u3000"), []string{"a", "b", "c"}) {
		t.Errorf("fields are %q", fields(" a\x1fb\u0085c\u3000"))
	}
}
