package metric

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"t5train/internal/golden"
)

// TestAllClasses: scikit-learn's f1_score([0, 1, 0], [0, 1, 1], labels=range(3), average="macro", zero_division=0).
func TestAllClasses(t *testing.T) {
	m := newClassification(t, 3)
	m.All = true
	for _, p := range [][2]int{{0, 0}, {1, 1}, {0, 1}} {
		add(t, m, p[0], p[1])
	}
	for _, got := range []map[string]float64{Map(m.Result()), Map(m.Sample([]int{2, 1, 0}))} {
		golden.Near(t, "f1_macro", got["f1_macro"], 4./9)
		golden.Near(t, "precision_macro", got["precision_macro"], 0.5)
		golden.Near(t, "recall_macro", got["recall_macro"], 0.5)
	}
}

func TestClassification(t *testing.T) {
	tests := []struct {
		name    string
		classes int
		pairs   [][2]int // label, prediction
		want    map[string]float64
	}{
		{
			name:    "nothing",
			classes: 2,
			want: map[string]float64{"accuracy": 0, "f1": 0, "f1_macro": 0, "f1_weighted": 0, "matthews_correlation": 0,
				"examples": 0},
		},
		{
			name:    "two classes are scored by class 1",
			classes: 2,
			pairs:   [][2]int{{1, 1}, {1, 0}, {0, 1}, {0, 0}, {1, 1}},
			want: map[string]float64{"accuracy": 0.6, "precision": 2. / 3, "recall": 2. / 3, "f1": 2. / 3,
				"f1_micro":        0.6,
				"precision_macro": (2./3 + 1./2) / 2, "matthews_correlation": 1. / 6, "examples": 5, "invalid": 0},
		},
		{
			// T5's rule: the invalid one of class 0 counts as a 1, so precision is 1/2, not 1
			name:    "an invalid prediction of two classes is a false positive",
			classes: 2,
			pairs:   [][2]int{{1, 1}, {0, -1}},
			want: map[string]float64{"accuracy": 0.5, "precision": 0.5, "recall": 1, "f1": 2. / 3,
				"precision_macro": 0.5,
				"invalid":         1},
		},
		{
			name:    "or a false negative",
			classes: 2,
			pairs:   [][2]int{{1, 1}, {1, -1}, {0, 0}},
			want:    map[string]float64{"accuracy": 2. / 3, "precision": 1, "recall": 0.5, "f1": 2. / 3, "invalid": 1},
		},
		{
			name:    "three classes are scored by their mean",
			classes: 3,
			pairs:   [][2]int{{0, 0}, {1, 1}, {2, 1}, {2, 99}},
			want: map[string]float64{"accuracy": 0.5, "f1": (1 + 2./3) / 3, "f1_macro": (1 + 2./3) / 3,
				"precision": 0.5,
				"recall":    2. / 3, "f1_micro": 0.5, "f1_weighted": (1 + 2./3) / 4, "examples": 4, "invalid": 1},
		},
		{
			name:    "a class that never occurs is no part of the mean",
			classes: 3,
			pairs:   [][2]int{{0, 0}, {1, 1}},
			want:    map[string]float64{"f1_macro": 1, "f1": 1, "matthews_correlation": 1},
		},
		{
			name:    "all wrong",
			classes: 2,
			pairs:   [][2]int{{0, 1}, {1, 0}},
			want:    map[string]float64{"accuracy": 0, "f1": 0, "matthews_correlation": -1},
		},
		{
			// r 1, n 2, t (1,1), p (1,0) and 1 invalid: (2-1) / sqrt(2*2)
			name:    "correlation takes invalid for a class",
			classes: 2,
			pairs:   [][2]int{{0, 0}, {1, -1}},
			want:    map[string]float64{"matthews_correlation": 0.5},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newClassification(t, test.classes)
			for _, p := range test.pairs {
				add(t, m, p[0], p[1])
			}
			got := Map(m.Result())
			for name, want := range test.want {
				if value, ok := got[name]; !ok || !(math.Abs(value-want) <= 1e-12) {
					t.Errorf("%s is %v, want %v", name, value, want)
				}
			}
		})
	}
}

func TestClassesAndConfusion(t *testing.T) {
	m, err := NewClassification([]string{"no", "yes"})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range [][2]int{{0, 0}, {0, 1}, {1, 1}, {1, -1}, {1, 2}} {
		add(t, m, p[0], p[1])
	}
	if got, want := fmt.Sprint(m.Confusion()), "[[1 1 0] [0 1 2]]"; got != want {
		t.Errorf("confusion is %s, want %s", got, want)
	}
	m.Confusion()[0][0] = 100
	want := []Class{
		{Label: "no", Precision: 1, Recall: 1. / 2, F1: 2. / 3, Support: 2, Predicted: 1},
		{Label: "yes", Precision: 1. / 2, Recall: 1. / 3, F1: 2. / 5, Support: 3, Predicted: 2},
	}
	for k, got := range m.Classes() {
		if got != want[k] {
			t.Errorf("class %d is %+v, want %+v", k, got, want[k])
		}
	}
}

func TestClassificationRefuses(t *testing.T) {
	if _, err := NewClassification(nil); err == nil || !strings.Contains(err.Error(), "no labels") {
		t.Errorf("without labels the error is %v", err)
	}
	m := newClassification(t, 3)
	for _, label := range []int{-1, 3} {
		err := m.Add(label, 0)
		if want := fmt.Sprintf("label %d is no class, want from 0 to 2", label); err == nil ||
			!strings.Contains(err.Error(),
				want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
	if got := Map(m.Result())["examples"]; got != 0 {
		t.Errorf("refused examples were counted: %v", got)
	}
}
