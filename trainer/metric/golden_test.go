package metric

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"t5train/internal/golden"
)

// TestGoldenClassification compares with scikit-learn. The file lies in the group's folder itself, so a
// root without it skips the test.
func TestGoldenClassification(t *testing.T) {
	dir := filepath.Join(golden.Root(t), "metrics")
	if _, err := os.Stat(filepath.Join(dir, "case.json")); os.IsNotExist(err) {
		t.Skip("golden: this root has no metrics/case.json")
	}
	var file struct {
		Classification []struct {
			Labels      []int    `json:"labels"`
			Predictions []int    `json:"predictions"`
			Accuracy    *float64 `json:"accuracy"`
			F1Macro     *float64 `json:"f1_macro"`
			F1Micro     *float64 `json:"f1_micro"`
			F1Weighted  *float64 `json:"f1_weighted"`
			Precision   *float64 `json:"precision_macro"`
			Recall      *float64 `json:"recall_macro"`
			F1Binary    *float64 `json:"f1_binary"`
			Matthews    *float64 `json:"mcc"`
		} `json:"classification"`
	}
	golden.Read(t, dir, &file)
	if len(file.Classification) == 0 {
		t.Fatal("golden: metrics/case.json holds no classification")
	}
	for i, c := range file.Classification {
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
				if w != nil && !(math.Abs(got[name]-*w) <= 1e-6) {
					t.Errorf("%s is %v, want %v", name, got[name], *w)
				}
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

func values(result []Value) map[string]float64 {
	byName := make(map[string]float64, len(result))
	for _, v := range result {
		byName[v.Name] = v.Value
	}
	return byName
}
