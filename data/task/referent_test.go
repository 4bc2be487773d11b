package task

import (
	"testing"

	"t5train/data/table"
)

// TestSameReferent follows wsc_simple of t5/data/postprocessors.py.
func TestSameReferent(t *testing.T) {
	for _, c := range []struct {
		answer, referent string
		want             bool
	}{
		{"Tom", "Tom", true}, {"tom", "The Tom", true}, {" Tom ", "Bob", false}, {"Tom", "his", false},
		{"fuzzy bunny", "the bunny", true}, {"bunny", "their fuzzy bunny", true}, {"fuzzy cat", "fuzzy bunny", false},
		{"Bob", "Bob's hat", false}, {"Bob's", "Bob's hat", true}, {"Bob Tom", "Tom Ann", false},
	} {
		if got, ok := SameReferent(c.answer, c.referent); got != c.want || !ok {
			t.Errorf("%q for %q: got %v, %v", c.answer, c.referent, got, ok)
		}
	}
	for _, answer := range []string{"", "  ", "the", "The his"} {
		for _, referent := range []string{"Bob", "Bob's", "his"} {
			if same, ok := SameReferent(answer, referent); same || ok {
				t.Errorf("%q for %q: got %v, %v, want no answer", answer, referent, same, ok)
			}
		}
	}
}

func TestMarkWord(t *testing.T) {
	for _, c := range []struct {
		name, text string
		index      int
		pronoun    string
		want       string
	}{
		{"one of two", "he saw that he fell", 3, "he", "he saw that *he* fell"},
		{"the index is off", "Some day they might want to use it , but really", 6, "it",
			"Some day they might want to use *it* , but really"},
		{"marks at the word", `laughed. "Good for him," he said. `, 3, "him", `laughed. "Good for *him* ," he said. `},
		{"at the end", "Tom saw him", 2, "him", "Tom saw *him*"},
	} {
		if got, err := markWord(c.text, c.index, c.pronoun); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.want)
		}
	}
	_, err := markWord("Tom saw her", 2, "him")
	wantError(t, err, `"him"`, "Tom saw her")
	wsc, _ := Named("super_glue/wsc")
	_, err = wsc.Input([]string{"Tom saw him", "two", "him"})
	wantError(t, err, `"two"`)
}

func TestMarkFirst(t *testing.T) {
	for _, c := range []struct{ sentence, pronoun, want string }{
		{"She said that he, not she, left.", "he", "She said that *he*, not she, left."},
		{"The hen saw it.", "it", "The hen saw *it*."},
		{"Ann said hers is where her dog is.", "her", "Ann said hers is where *her* dog is."},
	} {
		if got, err := markFirst(c.sentence, c.pronoun); err != nil || got != c.want {
			t.Errorf("got %q, %v, want %q", got, err, c.want)
		}
	}
	_, err := markFirst("He left.", "he")
	wantError(t, err, "no word of")
}

func TestResolveWNLI(t *testing.T) {
	for _, c := range []struct{ premise, hypothesis, marked, referent string }{
		{"The fish ate the worm. It was tasty.", "The worm was tasty.", "The fish ate the worm. *It* was tasty.",
			"The worm"},
		{"I stuck a pin through a carrot. When I pulled the pin out, it had a hole.", "The carrot had a hole.",
			"I stuck a pin through a carrot. When I pulled the pin out, *it* had a hole.", "The carrot"},
		{"Steve follows Fred's example in everything. He influences him hugely.", "Steve influences him hugely.",
			"Steve follows Fred's example in everything. *He* influences him hugely.", "Steve"},
		{"Jane knocked on the door, and Susan answered it. She invited her to come out.",
			"Jane invited her to come out.",
			"Jane knocked on the door, and Susan answered it. *She* invited her to come out.", "Jane"},
		{"Tom said that Bob took his hat.", "Bob took Tom's hat.", "Tom said that Bob took *his* hat.", "Tom"},
		{"Ann likes Sue, and Kim likes her.", "Kim likes Sue.", "Ann likes Sue, and Kim likes *her* .", "Sue"},
	} {
		marked, referent, err := resolveWNLI(c.premise, c.hypothesis)
		if err != nil || marked != c.marked || referent != c.referent {
			t.Errorf("got %q, %q, %v\nwant %q, %q", marked, referent, err, c.marked, c.referent)
		}
	}
	_, _, err := resolveWNLI("Nothing here.", "Nothing there.")
	wantError(t, err, "no pronoun")
}

func TestReferents_Errors(t *testing.T) {
	wsc, _ := Named("super_glue/wsc")
	dpr, _ := Named("dpr")
	for name, c := range map[string]struct {
		spec  Spec
		label table.Cell
	}{"no label": {wsc, num(-1)}, "null": {wsc, table.Cell{}}, "too large": {dpr, num(2)}, "a word": {dpr,
		str("Tom")}} {
		row := cells{
			"text": str("Tom saw him"), "span2_index": num(2), "span2_text": str("him"), "span1_text": str("Tom"),
			"label":    c.label,
			"sentence": str("Tom saw him."), "pronoun": str("him"), "candidates": wordsOf("Tom", "Bob"),
		}
		_, _, err := c.spec.HeldOut(cellsFor(t, c.spec, row))
		wantError(t, err, "label column label holds", "0 to 1")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func FuzzResolveWNLI(f *testing.F) {
	f.Add("The fish ate the worm. It was tasty.", "The worm was tasty.")
	f.Add("it", "")
	f.Add("( it [", "( x [")
	f.Add("he . , it", "it")
	f.Add("A \xff it \xfe b", "A \xff x \xfe b")
	f.Fuzz(func(t *testing.T, premise, hypothesis string) {
		marked, referent, err := resolveWNLI(premise, hypothesis)
		if err == nil && (marked == "" || hypothesis == "") {
			t.Errorf("%q, %q gives %q, %q", premise, hypothesis, marked, referent)
		}
	})
}
