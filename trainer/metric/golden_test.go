package metric

import (
	"fmt"
	"slices"
	"testing"

	"t5train/internal/golden"
)

func TestGoldenClassification(t *testing.T) {
	for i, c := range golden.Group(t, "metrics",
		func(f goldenFile) []goldenClassification { return f.Classification }) {
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
			got := Map(m.Result())
			for name, w := range want {
				golden.NearRecorded(t, name, got[name], w)
			}
		})
	}
}

func TestGoldenRegression(t *testing.T) {
	for i, c := range golden.Group(t, "metrics", func(f goldenFile) []goldenRegression { return f.Regression }) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			var m Regression
			for j, x := range c.X {
				if err := m.Add(x, c.Y[j]); err != nil {
					t.Fatal(err)
				}
			}
			got := Map(m.Result())
			golden.NearRecorded(t, "pearson", got["pearson"], c.Pearson)
			golden.NearRecorded(t, "spearman", got["spearman"], c.Spearman)
			golden.NearRecorded(t, "kendall", got["kendall"], c.Kendall)
			golden.NearRecorded(t, "mse", got["mse"], c.MSE)
		})
	}
}

func TestGoldenSeqeval(t *testing.T) {
	for i, c := range golden.Group(t, "metrics", func(f goldenFile) []goldenSeqeval { return f.Seqeval }) {
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
			got := Map(lenient.Result())
			golden.NearRecorded(t, "precision", got["precision"], c.Precision)
			golden.NearRecorded(t, "recall", got["recall"], c.Recall)
			golden.NearRecorded(t, "f1", got["f1"], c.F1)
			golden.NearRecorded(t, "f1_macro", got["f1_macro"], c.F1Macro)
			golden.NearRecorded(t, "f1_weighted", got["f1_weighted"], c.F1Weighted)
			golden.NearRecorded(t, "tag_accuracy", got["tag_accuracy"], c.Accuracy)
			if c.Strict != nil {
				got := Map(strict.Result())
				golden.Near(t, "strict precision", got["precision"], c.Strict.Precision)
				golden.Near(t, "strict recall", got["recall"], c.Strict.Recall)
				golden.Near(t, "strict f1", got["f1"], c.Strict.F1)
			}
		})
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

type goldenFile struct {
	Classification []goldenClassification `json:"classification"`
	Regression     []goldenRegression     `json:"regression"`
	Seqeval        []goldenSeqeval        `json:"seqeval"`
}

type goldenRegression struct {
	X, Y                            []float64
	Pearson, Spearman, Kendall, MSE *float64
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
	Labels, Predictions [][]string
	// type, first, last in the tags of all sentences, an O after each
	Entities              [][]any `json:"entities_labels"`
	Precision, Recall, F1 *float64
	F1Macro               *float64 `json:"f1_macro"`
	F1Weighted            *float64 `json:"f1_weighted"`
	Accuracy              *float64
	Strict                *PRF `json:"strict_iob2"`
}
