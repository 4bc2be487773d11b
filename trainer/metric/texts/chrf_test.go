package texts

import (
	"fmt"
	"testing"

	"t5train/internal/golden"
)

// Scores as sacrebleu 2.6.0 has them.
func TestChrF(t *testing.T) {
	for _, test := range []struct {
		name, prediction string
		references       []string
		chrf, chrfpp     float64
	}{
		{"nothing", "", []string{""}, 0, 0},
		{"punctuation before a word", `the "cat`, []string{"the cat"}, 36.89058281721454, 39.10770303241547},
		{"punctuation after a word", "Hi!", []string{"hi !"}, 38.888888888888886, 33.33333333333333},
		{"the best reference is the first", "the cat sat", []string{"the cat sits", "a dog"}, 61.034534424114085,
			60.39409888435875},
		{"the best reference is the last", "the cat sat", []string{"a dog", "the cat sits"}, 61.034534424114085,
			60.39409888435875},
	} {
		t.Run(test.name, func(t *testing.T) {
			golden.Near(t, "chrf", Scores(ChrF{}, test.prediction, test.references)[0].Value, test.chrf)
			golden.Near(t, "chrf++", Scores(ChrF{WordOrder: 2}, test.prediction, test.references)[0].Value, test.chrfpp)
		})
	}
	if got := fmt.Sprint(ChrF{WordOrder: 2}.Score(make([]float64, 24))); got != "[{chrf++ 0}]" {
		t.Errorf("without n-grams: %s, want a chrf++ of 0", got)
	}
}

func TestSplitPunctuation(t *testing.T) {
	for text, want := range map[string]string{
		"(hi)":    `["(hi" ")"]`,
		"(hi ! .": `["(" "hi" "!" "."]`,
		"“hi”":    `["“hi”"]`,
		"!! a.b":  `["!" "!" "a.b"]`,
		"語 \xff!": `["語" "\xff" "!"]`,
		" \t\x1c": `[]`,
	} {
		if got := fmt.Sprintf("%q", splitPunctuation(text)); got != want {
			t.Errorf("%q is split into %s, want %s", text, got, want)
		}
	}
}
