package nearest

import (
	"strings"
	"testing"
)

func TestWord(t *testing.T) {
	known := []string{"train.steps", "train.seed", "optimizer.learning_rate", "checkpoint.every_steps"}
	for word, want := range map[string]string{
		"train.step": "train.steps", "train.sede": "train.seed", "Train.Seed": "train.seed", "seed": "train.seed",
		"train.learning_rate": "optimizer.learning_rate", "optimiser.learningrate": "optimizer.learning_rate",
		"completely.different": "", "": "", strings.Repeat("x", 1000): "",
	} {
		if got := Word(word, known); got != want {
			t.Errorf("Word(%q): got %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"steps", "stesp", 2}, {"seed", "seed",
		0}} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("distance(%q, %q): got %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
