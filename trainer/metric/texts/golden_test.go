package texts

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"t5train/internal/golden"
	"t5train/trainer/metric"
)

type goldenFile struct {
	BLEU struct {
		Corpus     []goldenBLEU        `json:"corpus"`
		Sentence   []goldenSentence    `json:"sentence_default"`
		Tokenizers []map[string]string `json:"tokenizers"`
	} `json:"bleu"`
	ChrF  []goldenChrF      `json:"chrf"`
	TER   []goldenTER       `json:"ter"`
	ROUGE []goldenROUGE     `json:"rouge"`
	Stems map[string]string `json:"porter_stemmer_nltk_default"`
	SQuAD []goldenSQuAD     `json:"squad"`
}

type goldenSentence struct {
	Hypothesis, Reference string
	Score                 float64
}

type goldenSQuAD struct {
	Prediction string
	Answers    []string
	Normalized string
	Exact, F1  *float64
	F1V2       *float64 `json:"f1_v2_empty_rule"`
}

type goldenBLEU struct {
	Name       string
	Hypotheses []string
	References streams
	Options    struct {
		Lowercase    bool
		Tokenize     string
		SmoothMethod string `json:"smooth_method"`
	}
	Signature                  string
	Score, BP                  float64
	Counts, Totals, Precisions []float64
	SysLen                     float64 `json:"sys_len"`
	RefLen                     float64 `json:"ref_len"`
}

type goldenChrF struct {
	Name       string
	Hypotheses []string
	References streams
	Options    struct {
		CharOrder    int `json:"char_order"`
		WordOrder    int `json:"word_order"`
		Beta         int
		Lowercase    bool
		Whitespace   bool
		EpsSmoothing bool `json:"eps_smoothing"`
	}
	Signature string
	Score     float64
}

type goldenTER struct {
	Name       string
	Hypotheses []string
	References streams
	Score      float64
}

// streams are the references of a corpus as sacrebleu takes them: a list of the first one of each example, and so on. A
// file may have the only list itself.
type streams [][]string

func (s *streams) UnmarshalJSON(raw []byte) error {
	var only []string
	if err := json.Unmarshal(raw, &only); err == nil {
		*s = streams{only}
		return nil
	}
	return json.Unmarshal(raw, (*[][]string)(s))
}

// of returns the references of an example.
func (s streams) of(example int) []string {
	var references []string
	for _, stream := range s {
		if example < len(stream) { // examples may have fewer references than others
			references = append(references, stream[example])
		}
	}
	return references
}

type goldenROUGE struct {
	Stemmer                           bool
	Prediction, Target                string
	ROUGE1, ROUGE2, ROUGEL, ROUGELsum []float64
}

func TestGoldenBLEU(t *testing.T) {
	for i, c := range golden.Group(t, "metrics", func(f goldenFile) []goldenBLEU { return f.BLEU.Corpus }) {
		t.Run(fmt.Sprintf("%d_%s", i, c.Name), func(t *testing.T) {
			b := BLEU{Lowercase: c.Options.Lowercase}
			var err error
			if c.Options.Tokenize != "" {
				if b.Tokenizer, err = ParseTokenizer(c.Options.Tokenize); err != nil {
					t.Fatal(err)
				}
			}
			if c.Options.SmoothMethod != "" {
				b.Smoothing = Smoothing(slices.Index(smoothingNames[:], c.Options.SmoothMethod))
			}
			m := New(b)
			for j, hypothesis := range c.Hypotheses {
				addText(t, m, hypothesis, c.References.of(j)...)
			}
			d := b.Details(m.sum)
			checkList(t, "counts", d.Matches[:], c.Counts)
			checkList(t, "totals", d.Total[:], c.Totals)
			checkList(t, "precisions", d.Precisions[:], c.Precisions)
			golden.Near(t, "brevity penalty", d.BrevityPenalty, c.BP)
			golden.Near(t, "length", d.Length, c.SysLen)
			golden.Near(t, "reference length", d.Reference, c.RefLen)
			golden.Near(t, "bleu", metric.Map(m.Result())["bleu"], c.Score)
			checkSignature(t, m, c.Signature)
		})
	}
}

func TestGoldenSentenceBLEU(t *testing.T) {
	for i, c := range golden.Group(t, "metrics", func(f goldenFile) []goldenSentence { return f.BLEU.Sentence }) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			scores := Scores(BLEU{EffectiveOrder: true}, c.Hypothesis, []string{c.Reference})
			golden.Near(t, "bleu", metric.Map(scores)["bleu"], c.Score)
		})
	}
}

func TestGoldenTokenizers(t *testing.T) {
	for i, c := range golden.Group(t, "metrics", func(f goldenFile) []map[string]string { return f.BLEU.Tokenizers }) {
		for name, want := range c {
			if name == "text" {
				continue
			}
			t.Run(fmt.Sprintf("%d_%s", i, name), func(t *testing.T) {
				tokenizer, err := ParseTokenizer(name)
				if err != nil {
					t.Fatal(err)
				}
				if got := tokenizer.Split(c["text"]); !slices.Equal(got, fields(want)) {
					t.Errorf("%q has tokens %q, want %q", c["text"], got, fields(want))
				}
			})
		}
	}
}

func TestGoldenChrF(t *testing.T) {
	for i, c := range golden.Group(t, "metrics", func(f goldenFile) []goldenChrF { return f.ChrF }) {
		t.Run(fmt.Sprintf("%d_%s", i, c.Name), func(t *testing.T) {
			m := New(ChrF(c.Options))
			for j, hypothesis := range c.Hypotheses {
				addText(t, m, hypothesis, c.References.of(j)...)
			}
			golden.Near(t, "chrf", m.Result()[0].Value, c.Score)
			checkSignature(t, m, c.Signature)
		})
	}
}

func TestGoldenROUGE(t *testing.T) {
	for i, c := range golden.Group(t, "metrics", func(f goldenFile) []goldenROUGE { return f.ROUGE }) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			got := ROUGE{Stemmer: c.Stemmer}.Pair(c.Prediction, c.Target)
			for k, want := range [][]float64{c.ROUGE1, c.ROUGE2, c.ROUGEL, c.ROUGELsum} {
				checkList(t, rougeNames[k], []float64{got[k].Precision, got[k].Recall, got[k].F1}, want)
			}
		})
	}
}

func TestGoldenStems(t *testing.T) {
	type pair struct{ word, stem string }
	pairs := golden.Group(t, "metrics", func(f goldenFile) (pairs []pair) {
		for word, stem := range f.Stems {
			pairs = append(pairs, pair{word, stem})
		}
		return pairs
	})
	for _, p := range pairs {
		if got := Stem(p.word); got != p.stem {
			t.Errorf("the stem of %q is %q, want %q", p.word, got, p.stem)
		}
	}
}

func TestGoldenSQuAD(t *testing.T) {
	for i, c := range golden.Group(t, "metrics", func(f goldenFile) []goldenSQuAD { return f.SQuAD }) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			if got := NormalizeAnswer(c.Prediction); got != c.Normalized {
				t.Errorf("%q is normalized to %q, want %q", c.Prediction, got, c.Normalized)
			}
			got := metric.Map(Scores(SQuAD{}, c.Prediction, c.Answers))
			golden.NearRecorded(t, "exact_match", got["exact_match"], c.Exact)
			golden.NearRecorded(t, "f1", got["f1"], c.F1)
			golden.NearRecorded(t, "f1 of SQuAD 2.0",
				metric.Map(Scores(SQuAD{Unanswerable: true}, c.Prediction, c.Answers))["f1"], c.F1V2)
		})
	}
}

// checkSignature compares signatures where one is recorded.
func checkSignature(t *testing.T, m *Total, want string) {
	t.Helper()
	if got := m.Signature(); want != "" && got != want {
		t.Errorf("signature is %s, want %s", got, want)
	}
}

func checkList(t *testing.T, name string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s are %v, want %v", name, got, want)
		return
	}
	for i := range got {
		golden.Near(t, fmt.Sprintf("%s[%d]", name, i), got[i], want[i])
	}
}

func addText(t *testing.T, m *Total, prediction string, references ...string) {
	t.Helper()
	if err := m.Add(prediction, references); err != nil {
		t.Fatal(err)
	}
}

func TestGoldenTER(t *testing.T) {
	for i, c := range golden.Group(t, "metrics", func(f goldenFile) []goldenTER { return f.TER }) {
		t.Run(fmt.Sprintf("%d_%s", i, c.Name), func(t *testing.T) {
			m := New(TER{})
			for j, hypothesis := range c.Hypotheses {
				addText(t, m, hypothesis, c.References.of(j)...)
			}
			golden.Near(t, "ter", m.Result()[0].Value, c.Score)
		})
	}
}
