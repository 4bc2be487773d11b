package texts

import (
	"testing"

	"t5train/internal/golden"
	"t5train/trainer/metric"
)

func TestNormalizeAnswer(t *testing.T) {
	for answer, want := range map[string]string{
		"":                      "",
		"The cat's  Hat!":       "cats hat",
		"an apple, a day":       "apple day",
		"the-cat":               "thecat",
		"another theatre a_b":   "another theatre ab",
		"“the” a’s é a":         "“ ” ’s é",
		"thé a\u0301":           "thé \u0301",
		"A\u00a0B\x1cthe\u2028": "b",
	} {
		if got := NormalizeAnswer(answer); got != want {
			t.Errorf("%q is normalized to %q, want %q", answer, got, want)
		}
	}
}

// FuzzNormalizeAnswer: what is normalized stays as it is.
func FuzzNormalizeAnswer(f *testing.F) {
	for _, s := range []string{"", "The cat's  Hat!", "“the” a’s", "\xffa\xfe the", "a a\u0301 ΑΣ İ", "t.h.e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		once := NormalizeAnswer(answer)
		if twice := NormalizeAnswer(once); twice != once {
			t.Errorf("%q is normalized to %q and that to %q", answer, once, twice)
		}
		if got := AnswerF1(answer, once); once != "" && got != 1 {
			t.Errorf("%q and its normal form %q have F1 %v", answer, once, got)
		}
	})
}

func TestSQuAD(t *testing.T) {
	m, v2 := New(SQuAD{}), New(SQuAD{Unanswerable: true})
	for _, x := range []*Total{m, v2} {
		addText(t, x, "the Cat.", "dog", "cat")
		addText(t, x, "black cat", "cat", "a black dog and cat") // F1 2/3 and 2*2/(2+4)
		addText(t, x, "", "")
		addText(t, x, "cat", "")
	}
	got, got2 := metric.Map(m.Result()), metric.Map(v2.Result())
	golden.Near(t, "exact_match", got["exact_match"], 0.5)
	golden.Near(t, "f1", got["f1"], (1+2./3)/4)
	golden.Near(t, "f1 of SQuAD 2.0", got2["f1"], (2+2./3)/4)
}
