package texts

import (
	"math/rand/v2"
	"strings"
	"testing"

	"t5train/internal/golden"
)

// TestPaper_TER is the example of Snover et al. 2006, section 3: one move, two replaced words and one inserted.
func TestPaper_TER(t *testing.T) {
	reference := "SAUDI ARABIA denied THIS WEEK information published in the AMERICAN new york times"
	prediction := "THIS WEEK THE SAUDIS denied information published in the new york times"
	if got := Edits(strings.Fields(prediction), strings.Fields(reference)); got != 4 {
		t.Errorf("%d edits, want 4", got)
	}
	golden.Near(t, "ter", Scores(TER{}, prediction, []string{reference})[0].Value, 100*4./13)
}

func TestTER(t *testing.T) {
	for _, test := range []struct {
		name, prediction string
		references       []string
		want             float64
	}{
		{"nothing", "", []string{""}, 0},
		{"nothing was to be said", "a b", []string{""}, 100},
		{"nothing was said", "", []string{"a b"}, 100},
		{"case does not count", "A b", []string{"a B"}, 0},
		{"one move", "c d a b", []string{"a b c d"}, 25},
		{"two inserted", "b", []string{"a b c"}, 100 * 2. / 3},
		{"more than all", "a b c d e", []string{"x"}, 500},
		{"best reference, mean length", "a b", []string{"a b", "c d e f"}, 0},
		{"mean length", "a", []string{"a b", "c d e f"}, 100 * 1. / 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			golden.Near(t, "ter", Scores(TER{}, test.prediction, test.references)[0].Value, test.want)
		})
	}
}

// Which of equal moves is made decides about the next ones: edits as sacrebleu 2.6.0 counts them.
func TestEditsOfFewWords(t *testing.T) {
	for _, test := range []struct {
		prediction, reference string
		want                  int
	}{
		{"d b d a c c c d a b a b c", "c a b c d d c a", 9},
		{"b c d a c a c d c a b a d", "c a a b b b c c c d b a a", 6},
		{"b c d a a d c b a", "a c a b d c a d b d a", 5},
		{"a c b b c b a a a b d d a d", "c d a d a c a a b c a c d", 6},
		{"b c d d b b d a a c c c d d", "d c b b a a c d c b b d c", 6},
		{"d a c b b b c a", "b d b b c c d a a d a b d", 8},
	} {
		if got := Edits(strings.Fields(test.prediction), strings.Fields(test.reference)); got != test.want {
			t.Errorf("from %s to %s are %d edits, want %d", test.prediction, test.reference, got, test.want)
		}
	}
}

// Distances are those of a table that is computed anew, though rows are kept; moves never make them worse than none.
func TestEditDistance(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	text := func(n int) []string {
		words := make([]string, n)
		for i := range words {
			words[i] = string(rune('a' + random.IntN(4)))
		}
		return words
	}
	for range 200 {
		prediction, reference := text(random.IntN(12)), text(random.IntN(12))
		d := newEditDistance(reference, len(prediction))
		for range 5 {
			random.Shuffle(len(prediction)/2,
				func(i, j int) { prediction[i], prediction[j] = prediction[j], prediction[i] })
			want := levenshtein(prediction, reference)
			if got := d.to(prediction); got != want {
				t.Fatalf("from %v to %v are %d edits, want %d", prediction, reference, got, want)
			}
			cost := 0
			for _, e := range d.trace() {
				if e != keep {
					cost++
				}
			}
			if cost != want {
				t.Errorf("from %v to %v the trace has %d edits, want %d", prediction, reference, cost, want)
			}
			if got := Edits(prediction, reference); got > want {
				t.Errorf("from %v to %v are %d edits with moves, %d without", prediction, reference, got, want)
			}
		}
	}
}

// levenshtein follows the definition.
func levenshtein(a, b []string) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
		for j := range table[i] {
			switch {
			case i == 0 || j == 0:
				table[i][j] = i + j
			case a[i-1] == b[j-1]:
				table[i][j] = table[i-1][j-1]
			default:
				table[i][j] = 1 + min(table[i-1][j-1], table[i-1][j], table[i][j-1])
			}
		}
	}
	return table[len(a)][len(b)]
}
