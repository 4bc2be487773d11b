package texts

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"t5train/internal/golden"
)

func TestROUGE(t *testing.T) {
	for _, test := range []struct {
		name, prediction string
		references       []string
		stemmer          bool
		want             [4]float64 // F1 of rouge1, rouge2, rougeL, rougeLsum
	}{
		{"nothing", "", []string{""}, false, [4]float64{}},
		{"no letters of English", "語 é", []string{"語 é"}, false, [4]float64{}},
		{"case and punctuation", "The-Cat!", []string{"the cat"}, false, [4]float64{1, 1, 1, 1}},
		{"order", "b a", []string{"a b"}, false, [4]float64{1, 0, 0.5, 0.5}},
		{"order of lines", "c d\na b", []string{"a b\nc d"}, false, [4]float64{1, 2. / 3, 0.5, 1}},
		{"words", "running cities", []string{"runs city"}, false, [4]float64{}},
		{"stems", "running cities", []string{"runs city"}, true, [4]float64{1, 1, 1, 1}},
		{"no stems of short words", "bus", []string{"bu"}, true, [4]float64{}},
		{"the best reference of each", "a b c d", []string{"d c b a", "a b"}, false,
			[4]float64{1, 0.5, 2. / 3, 2. / 3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for k, v := range Scores(ROUGE{Stemmer: test.stemmer}, test.prediction, test.references) {
				golden.Near(t, v.Name, v.Value, test.want[k])
			}
		})
	}
}

// TestPaper_UnionLCS is the example of Lin 2004, section 3.2: w1 w2 w3 w4 w5 has w1 w2 in common with the first
// sentence and w1 w3 w5 with the second, together four words of five.
func TestPaper_UnionLCS(t *testing.T) {
	reference := [][]string{strings.Fields("w1 w2 w3 w4 w5")}
	prediction := [][]string{strings.Fields("w1 w2 w6 w7 w8"), strings.Fields("w1 w3 w8 w9 w5")}
	if got := summaryCommon(reference, prediction); got != 4 {
		t.Errorf("%d words in common, want 4", got)
	}
}

func TestLongestCommon(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	for range 300 {
		a, b := make([]string, random.IntN(8)), make([]string, random.IntN(8))
		for _, words := range [][]string{a, b} {
			for i := range words {
				words[i] = fmt.Sprint(random.IntN(5))
			}
		}
		places := longestCommon(a, b)
		if want := longestLength(a, b); len(places) != want {
			t.Errorf("%v and %v: %v has %d words, want %d", a, b, places, len(places), want)
		}
		if !slices.IsSorted(places) {
			t.Errorf("%v is not in order", places)
		}
		rest := b
		for _, place := range places {
			at := slices.Index(rest, a[place])
			if at < 0 {
				t.Fatalf("%v of %v is no part of %v", places, a, b)
			}
			rest = rest[at+1:]
		}
	}
}

// longestLength follows the definition.
func longestLength(a, b []string) int {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	if a[0] == b[0] {
		return 1 + longestLength(a[1:], b[1:])
	}
	return max(longestLength(a[1:], b), longestLength(a, b[1:]))
}

// TestPaper_Porter has examples of Porter 1980 that the extensions leave as they are, then some of the extensions.
func TestPaper_Porter(t *testing.T) {
	for word, want := range map[string]string{
		"caresses": "caress", "ponies": "poni", "caress": "caress", "cats": "cat", "feed": "feed",
		"plastered": "plaster",
		"bled":      "bled", "motoring": "motor", "sing": "sing", "sized": "size", "hopping": "hop", "falling": "fall",
		"hissing": "hiss",
		"failing": "fail", "filing": "file", "happy": "happi", "relational": "relat", "rational": "ration",
		"digitizer":      "digit",
		"vietnamization": "vietnam", "operator": "oper", "hopefulness": "hope", "formality": "formal",
		"triplicate": "triplic",
		"electrical": "electr", "goodness": "good", "revival": "reviv", "replacement": "replac", "adoption": "adopt",
		"homologous": "homolog", "probate": "probat", "rate": "rate", "cease": "ceas", "controlling": "control",
		"roll": "roll",
		"ties": "tie", "died": "die", "enjoy": "enjoy", "sky": "sky", "dying": "die", "innings": "inning",
		"geology": "geolog",
		"":        "", "is": "is", "yyy": "yyy",
	} {
		if got := Stem(word); got != want {
			t.Errorf("the stem of %q is %q, want %q", word, got, want)
		}
	}
}

// FuzzStem: a stem is no longer than its word and a letter, and of any bytes there is one.
func FuzzStem(f *testing.F) {
	for _, word := range []string{"", "eed", "ied", "ing", "alli", "logi", "ion", "yyyy", "\xff\xfeing", "naïve",
		"relational"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		if got := Stem(word); len(got) > len(word)+1 || word != "" && got == "" && word != "s" {
			t.Errorf("the stem of %q is %q", word, got)
		}
	})
}
