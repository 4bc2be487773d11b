package metric

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// tolerance is absolute, on the scale of the library.
const tolerance = 1e-6

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
			classes := 1 + slices.Max(slices.Concat([]int{1}, c.Labels, c.Predictions))
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
				checkRecorded(t, name, got[name], w)
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
			checkRecorded(t, "pearson", got["pearson"], c.Pearson)
			checkRecorded(t, "spearman", got["spearman"], c.Spearman)
			checkRecorded(t, "kendall", got["kendall"], c.Kendall)
			checkRecorded(t, "mse", got["mse"], c.MSE)
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
			checkRecorded(t, "exact_match", got["exact_match"], c.Exact)
			checkRecorded(t, "f1", got["f1"], c.F1)
			checkRecorded(t, "f1 of SQuAD 2.0",
				values(Scores(SQuAD{Unanswerable: true}, c.Prediction, c.Answers))["f1"], c.F1V2)
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
			checkRecorded(t, "precision", got["precision"], c.Precision)
			checkRecorded(t, "recall", got["recall"], c.Recall)
			checkRecorded(t, "f1", got["f1"], c.F1)
			checkRecorded(t, "f1_macro", got["f1_macro"], c.F1Macro)
			checkRecorded(t, "f1_weighted", got["f1_weighted"], c.F1Weighted)
			checkRecorded(t, "tag_accuracy", got["tag_accuracy"], c.Accuracy)
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

// checkRecorded compares what a case has recorded.
func checkRecorded(t *testing.T, name string, got float64, want *float64) {
	t.Helper()
	if want != nil {
		check(t, name, got, *want)
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
