package metric

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"t5train/internal/golden"
)

// tolerance is absolute, on the scale of the library.
const tolerance = 1e-6

// readGolden reads a group of metrics/case.json into cases. The file lies in the group's folder itself, so a root without it
// or without the group skips the test; a group without a case fails it.
func readGolden[C any](t *testing.T, pick func(goldenFile) []C) []C {
	t.Helper()
	dir := filepath.Join(golden.Root(t), "metrics")
	if _, err := os.Stat(filepath.Join(dir, "case.json")); os.IsNotExist(err) {
		t.Skip("golden: this root has no metrics/case.json")
	}
	var file goldenFile
	golden.Read(t, dir, &file)
	cases := pick(file)
	if cases == nil {
		t.Skip("golden: metrics/case.json has no such group")
	}
	if len(cases) == 0 {
		t.Fatal("golden: a group of metrics/case.json holds no case")
	}
	return cases
}

type goldenFile struct {
	BLEU struct {
		Corpus     []goldenBLEU        `json:"corpus"`
		Sentence   []goldenSentence    `json:"sentence_default"`
		Tokenizers []map[string]string `json:"tokenizers"`
	} `json:"bleu"`
	ChrF           []goldenChrF           `json:"chrf"`
	TER            []goldenTER            `json:"ter"`
	ROUGE          []goldenROUGE          `json:"rouge"`
	Stems          map[string]string      `json:"porter_stemmer_nltk_default"`
	Classification []goldenClassification `json:"classification"`
	Regression     []goldenRegression     `json:"regression"`
	SQuAD          []goldenSQuAD          `json:"squad"`
	Seqeval        []goldenSeqeval        `json:"seqeval"`
}

type goldenSentence struct {
	Hypothesis, Reference string
	Score                 float64
}

type goldenRegression struct {
	X, Y                            []float64
	Pearson, Spearman, Kendall, MSE float64
}

type goldenSQuAD struct {
	Prediction string
	Answers    []string
	Normalized string
	Exact, F1  float64
	F1V2       float64 `json:"f1_v2_empty_rule"`
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
		references = append(references, stream[example])
	}
	return references
}

type goldenROUGE struct {
	Stemmer                           bool
	Prediction, Target                string
	ROUGE1, ROUGE2, ROUGEL, ROUGELsum []float64
}

type goldenClassification struct {
	Labels      []int
	Predictions []int
	Accuracy    *float64
	F1Macro     *float64 `json:"f1_macro"`
	F1Micro     *float64 `json:"f1_micro"`
	F1Weighted  *float64 `json:"f1_weighted"`
	Precision   *float64 `json:"precision_macro"`
	Recall      *float64 `json:"recall_macro"`
	F1Binary    *float64 `json:"f1_binary"`
	Matthews    *float64 `json:"mcc"`
}

type goldenSeqeval struct {
	Labels, Predictions   [][]string
	Entities              [][]any `json:"entities_labels"` // type, first, last in the tags of all sentences, an O after each
	Precision, Recall, F1 float64
	F1Macro               float64  `json:"f1_macro"`
	F1Weighted            *float64 `json:"f1_weighted"`
	Accuracy              float64
	Strict                *PRF `json:"strict_iob2"`
}

func TestGoldenBLEU(t *testing.T) {
	for i, c := range readGolden(t, func(f goldenFile) []goldenBLEU { return f.BLEU.Corpus }) {
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
			m := NewText(b)
			for j, hypothesis := range c.Hypotheses {
				addText(t, m, hypothesis, c.References.of(j)...)
			}
			d := b.Details(m.sum)
			checkList(t, "counts", d.Matches[:], c.Counts)
			checkList(t, "totals", d.Total[:], c.Totals)
			checkList(t, "precisions", d.Precisions[:], c.Precisions)
			check(t, "brevity penalty", d.BrevityPenalty, c.BP)
			check(t, "length", d.Length, c.SysLen)
			check(t, "reference length", d.Reference, c.RefLen)
			check(t, "bleu", values(m.Result())["bleu"], c.Score)
			checkSignature(t, m, c.Signature)
		})
	}
}

func TestGoldenSentenceBLEU(t *testing.T) {
	for i, c := range readGolden(t, func(f goldenFile) []goldenSentence { return f.BLEU.Sentence }) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			scores := Scores(BLEU{EffectiveOrder: true}, c.Hypothesis, []string{c.Reference})
			check(t, "bleu", values(scores)["bleu"], c.Score)
		})
	}
}

func TestGoldenTokenizers(t *testing.T) {
	for i, c := range readGolden(t, func(f goldenFile) []map[string]string { return f.BLEU.Tokenizers }) {
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
	for i, c := range readGolden(t, func(f goldenFile) []goldenChrF { return f.ChrF }) {
		t.Run(fmt.Sprintf("%d_%s", i, c.Name), func(t *testing.T) {
			m := NewText(ChrF(c.Options))
			for j, hypothesis := range c.Hypotheses {
				addText(t, m, hypothesis, c.References.of(j)...)
			}
			check(t, "chrf", m.Result()[0].Value, c.Score)
			checkSignature(t, m, c.Signature)
		})
	}
}

func TestGoldenROUGE(t *testing.T) {
	for i, c := range readGolden(t, func(f goldenFile) []goldenROUGE { return f.ROUGE }) {
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
	pairs := readGolden(t, func(f goldenFile) (pairs []pair) {
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

func TestGoldenClassification(t *testing.T) {
	for i, c := range readGolden(t, func(f goldenFile) []goldenClassification { return f.Classification }) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			// scikit-learn takes every number it sees for a class, and two at least for binary scores
			classes := 1 + max(1, slices.Max(c.Labels), slices.Max(c.Predictions))
			m := newClassification(t, classes)
			for j, label := range c.Labels {
				add(t, m, label, c.Predictions[j])
			}
			want := map[string]*float64{
				"accuracy": c.Accuracy, "f1_macro": c.F1Macro, "f1_micro": c.F1Micro, "f1_weighted": c.F1Weighted,
				"precision_macro": c.Precision, "recall_macro": c.Recall, "matthews_correlation": c.Matthews,
			}
			if classes == 2 {
				want["f1"] = c.F1Binary
			}
			got := values(m.Result())
			for name, w := range want {
				if w != nil {
					check(t, name, got[name], *w)
				}
			}
		})
	}
}

func TestGoldenRegression(t *testing.T) {
	for i, c := range readGolden(t, func(f goldenFile) []goldenRegression { return f.Regression }) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			var m Regression
			for j, x := range c.X {
				if err := m.Add(x, c.Y[j]); err != nil {
					t.Fatal(err)
				}
			}
			got := values(m.Result())
			check(t, "pearson", got["pearson"], c.Pearson)
			check(t, "spearman", got["spearman"], c.Spearman)
			check(t, "kendall", got["kendall"], c.Kendall)
			check(t, "mse", got["mse"], c.MSE)
		})
	}
}

func TestGoldenSQuAD(t *testing.T) {
	for i, c := range readGolden(t, func(f goldenFile) []goldenSQuAD { return f.SQuAD }) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			if got := NormalizeAnswer(c.Prediction); got != c.Normalized {
				t.Errorf("%q is normalized to %q, want %q", c.Prediction, got, c.Normalized)
			}
			got := values(Scores(SQuAD{}, c.Prediction, c.Answers))
			check(t, "exact_match", got["exact_match"], c.Exact)
			check(t, "f1", got["f1"], c.F1)
			check(t, "f1 of SQuAD 2.0", values(Scores(SQuAD{Unanswerable: true}, c.Prediction, c.Answers))["f1"], c.F1V2)
		})
	}
}

func TestGoldenSeqeval(t *testing.T) {
	for i, c := range readGolden(t, func(f goldenFile) []goldenSeqeval { return f.Seqeval }) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			var lenient, strict = Tagging{}, Tagging{Strict: true}
			var entities [][]any
			offset := 0
			for j, tags := range c.Labels {
				for _, m := range []*Tagging{&lenient, &strict} {
					if err := m.Add(tags, c.Predictions[j]); err != nil {
						t.Fatal(err)
					}
				}
				for _, e := range Entities(tags) {
					entities = append(entities, []any{e.Type, float64(offset + e.Start), float64(offset + e.End)})
				}
				offset += len(tags) + 1
			}
			if got, want := fmt.Sprint(entities), fmt.Sprint(c.Entities); got != want {
				t.Errorf("entities are %s, want %s", got, want)
			}
			got := values(lenient.Result())
			check(t, "precision", got["precision"], c.Precision)
			check(t, "recall", got["recall"], c.Recall)
			check(t, "f1", got["f1"], c.F1)
			check(t, "f1_macro", got["f1_macro"], c.F1Macro)
			if c.F1Weighted != nil {
				check(t, "f1_weighted", got["f1_weighted"], *c.F1Weighted)
			}
			check(t, "tag_accuracy", got["tag_accuracy"], c.Accuracy)
			if c.Strict != nil {
				got := values(strict.Result())
				check(t, "strict precision", got["precision"], c.Strict.Precision)
				check(t, "strict recall", got["recall"], c.Strict.Recall)
				check(t, "strict f1", got["f1"], c.Strict.F1)
			}
		})
	}
}

func check(t *testing.T, name string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

// checkSignature compares signatures where one is recorded.
func checkSignature(t *testing.T, m *Text, want string) {
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
		check(t, fmt.Sprintf("%s[%d]", name, i), got[i], want[i])
	}
}

func addText(t *testing.T, m *Text, prediction string, references ...string) {
	t.Helper()
	if err := m.Add(prediction, references); err != nil {
		t.Fatal(err)
	}
}

func newClassification(t *testing.T, classes int) *Classification {
	t.Helper()
	labels := make([]string, classes)
	for k := range labels {
		labels[k] = fmt.Sprint(k)
	}
	m, err := NewClassification(labels)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func add(t *testing.T, m *Classification, label, prediction int) {
	t.Helper()
	if err := m.Add(label, prediction); err != nil {
		t.Fatal(err)
	}
}

func values(result []Value) map[string]float64 {
	byName := make(map[string]float64, len(result))
	for _, v := range result {
		byName[v.Name] = v.Value
	}
	return byName
}

func TestGoldenTER(t *testing.T) {
	for i, c := range readGolden(t, func(f goldenFile) []goldenTER { return f.TER }) {
		t.Run(fmt.Sprintf("%d_%s", i, c.Name), func(t *testing.T) {
			m := NewText(TER{})
			for j, hypothesis := range c.Hypotheses {
				addText(t, m, hypothesis, c.References.of(j)...)
			}
			check(t, "ter", m.Result()[0].Value, c.Score)
		})
	}
}
