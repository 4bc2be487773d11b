package metric

import (
	"fmt"
	"strings"
	"testing"

	"t5train/internal/golden"
)

func TestEntities(t *testing.T) {
	for _, test := range []struct{ name, tags, lenient, strict string }{
		{"nothing", "", "[]", "[]"},
		{"IOB2", "B-PER I-PER O B-LOC B-LOC I-LOC", "[{PER 0 1} {LOC 3 3} {LOC 4 5}]",
			"[{PER 0 1} {LOC 3 3} {LOC 4 5}]"},
		{"an inside begins", "I-PER I-PER O I-LOC", "[{PER 0 1} {LOC 3 3}]", "[]"},
		{"the type changes", "B-PER I-LOC I-LOC", "[{PER 0 0} {LOC 1 2}]", "[{PER 0 0}]"},
		{"IOBES", "S-PER B-LOC I-LOC E-LOC E-LOC I-LOC", "[{PER 0 0} {LOC 1 3} {LOC 4 4} {LOC 5 5}]", "[{LOC 1 2}]"},
		{"types with hyphens", "B-creative-work I-creative-work", "[{creative-work 0 1}]", "[{creative-work 0 1}]"},
		{"no types", "B I O I", "[{_ 0 1} {_ 3 3}]", "[{_ 0 1}]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tags := strings.Fields(test.tags)
			if got := fmt.Sprint(Entities(tags)); got != test.lenient {
				t.Errorf("entities are %s, want %s", got, test.lenient)
			}
			if got := fmt.Sprint(StrictEntities(tags)); got != test.strict {
				t.Errorf("strictly they are %s, want %s", got, test.strict)
			}
		})
	}
}

// FuzzEntities: entities lie inside of any tags, in order.
func FuzzEntities(f *testing.F) {
	for _, tags := range []string{"", "B-PER I-PER O", "X X-PER . .-PER E S", "\xff \xff-a -", "I-a B-a S-b E-b O- o"} {
		f.Add(tags)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tags := strings.Split(text, " ")
		for _, entities := range [][]Entity{Entities(tags), StrictEntities(tags)} {
			last := 0
			for _, e := range entities {
				if e.Start < 0 || e.End < e.Start || e.End >= len(tags) || e.End < last || e.Type == "" {
					t.Errorf("%q has entities %v", tags, entities)
				}
				last = e.End
			}
		}
		var m Tagging
		if err := m.Add(tags, tags); err != nil {
			t.Fatal(err)
		}
		if got := Map(m.Result()); got["f1"] != 1 && len(Entities(tags)) > 0 || got["tag_accuracy"] != 1 {
			t.Errorf("%q against itself is %v", tags, got)
		}
	})
}

func TestTagging(t *testing.T) {
	var m Tagging
	for _, sentence := range [][2]string{
		{"B-PER I-PER O B-LOC", "B-PER I-PER O B-ORG"},
		{"B-LOC O", "B-LOC O"},
		{"O B-PER", "O O"},
	} {
		if err := m.Add(strings.Fields(sentence[0]), strings.Fields(sentence[1])); err != nil {
			t.Fatal(err)
		}
	}
	want := []Value{
		{"precision", 2. / 3}, {"recall", 0.5}, {"f1", 4. / 7}, {"f1_macro", (2*2./3 + 0) / 3}, {"f1_weighted", 2. / 3},
		{"tag_accuracy", 6. / 8}, {"f1_LOC", 2. / 3}, {"f1_ORG", 0}, {"f1_PER", 2. / 3},
	}
	for k, v := range m.Result() {
		if v.Name != want[k].Name {
			t.Fatalf("value %d is %s, want %s", k, v.Name, want[k].Name)
		}
		golden.Near(t, v.Name, v.Value, want[k].Value)
	}
	// A type that does not occur in a sample has its place in it, and no part in the mean.
	sample := Map(m.Sample([]int{1, 1}))
	if len(sample) != len(want) || sample["f1_macro"] != 1 || sample["f1_PER"] != 0 {
		t.Errorf("of the second sentence alone: %v", sample)
	}
}

func TestTaggingRefuses(t *testing.T) {
	var m Tagging
	if err := m.Add([]string{"O", "O"}, []string{"O"}); err == nil || !strings.Contains(err.Error(),
		"1 predicted tags, want one for each of 2") {
		t.Errorf("error is %v, want one about the numbers of tags", err)
	}
	if m.Len() != 0 {
		t.Error("what was refused was counted")
	}
}
