package task

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/data/table"
	"t5train/data/task/words"
)

func wordsOf(texts ...string) table.Cell {
	c := table.Cell{Kind: table.List}
	for _, text := range texts {
		c.Items = append(c.Items, str(text))
	}
	return c
}

func people() Spec {
	return Spec{
		Name: NER, TextColumns: []string{"tokens"}, LabelColumn: "ner_tags",
		Entities: []Label{{"PER", "person", ""}, {"LOC", "location", ""}, {"creative-work", "creative-work", ""}},
		Tags:     []string{"O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-creative-work", "I-creative-work"},
	}
}

func TestEntities(t *testing.T) {
	cases := []struct {
		name, tokens, tags, target string
		back                       string // the tags of the target, where they are others
	}{
		{"two", "Barack Obama was born in Hawaii", "B-PER I-PER O O O B-LOC", "person: Barack Obama; location: Hawaii",
			""},
		{"none", "It rains .", "O O O", "none", ""},
		{"side by side", "Ann Bob", "B-PER B-PER", "person: Ann; person: Bob", ""},
		{"the same twice", "Ann met Ann", "B-PER O B-PER", "person: Ann; person: Ann", ""},
		{"only the second of two", "Ann met Ann", "O O B-PER", "person: Ann", "B-PER O O"},
		{"marks in a text", "a ; person: b c", "B-LOC I-LOC O O O", "location: a ;", ""},
		{"a semicolon inside", "He saw Me ; You", "O O B-creative-work I-creative-work I-creative-work",
			"creative-work: Me ; You", ""},
		{"a colon inside", "Alien : 3", "B-creative-work I-creative-work I-creative-work", "creative-work: Alien : 3",
			""},
		{"a part of a token is none", "Annex Ann", "O B-PER", "person: Ann", ""},
		{"no tokens", "", "", "none", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := people()
			tokens, tags := strings.Fields(c.tokens), strings.Fields(c.tags)
			e, ref, err := s.HeldOut([]table.Cell{wordsOf(tokens...), wordsOf(tags...)})
			if err != nil || e.Input != c.tokens || e.Target != c.target {
				t.Fatalf("got %+v, %v, want target %q", e, err, c.target)
			}
			if !slices.Equal(ref.Tags, tags) || !slices.Equal(ref.Tokens, tokens) {
				t.Errorf("reference %q %q", ref.Tokens, ref.Tags)
			}
			want := tags
			if c.back != "" {
				want = strings.Fields(c.back)
			}
			if got, _ := s.TagsOf(e.Target, tokens); !slices.Equal(got, want) {
				t.Errorf("%q becomes %q, want %q", e.Target, got, want)
			}
		})
	}
}

func TestTagsOf(t *testing.T) {
	cases := []struct {
		name, answer, tokens, tags string
		lost                       int
	}{
		{"in another order", "location: Hawaii; person: Obama", "Obama in Hawaii", "B-PER O B-LOC", 0},
		{"made up", "person: Trump; location: Hawaii", "Obama in Hawaii", "O O B-LOC", 1},
		{"twice for once", "person: Obama; person: Obama", "Obama in Hawaii", "B-PER O O", 1},
		{"an unknown type is a part of the text before", "person: Obama; animal: cat", "Obama cat", "O O", 1},
		{"nothing", "", "Obama", "O", 0},
		{"the word for nothing", "none", "none here", "O O", 0},
		{"text before the first", "I think person: Obama", "Obama", "O", 0},
		{"no text", "person: ; location: Hawaii", "Hawaii", "B-LOC", 0},
		{"no space behind the colon", "person:Obama;location:Hawaii", "Obama Hawaii", "B-PER B-LOC", 0},
		{"white space", "  person:  Barack   Obama  ", "Barack Obama", "B-PER I-PER", 0},
		{"over a token that is taken", "person: a; location: a b", "a b", "B-PER O", 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tags, lost := people().TagsOf(c.answer, strings.Fields(c.tokens))
			if !slices.Equal(tags, strings.Fields(c.tags)) || lost != c.lost {
				t.Errorf("got %q, %d lost, want %q, %d", tags, lost, c.tags, c.lost)
			}
		})
	}
	var found []string
	for _, e := range people().parseEntities("person: Obama; creative-work: Alien: 3") {
		found = append(found, people().Entities[e.kind].Name+"="+e.text)
	}
	if want := []string{"PER=Obama", "creative-work=Alien: 3"}; !slices.Equal(found, want) {
		t.Errorf("got %v, want %v", found, want)
	}
	// Tokens with white space inside, or none at all, as tweets have them.
	tags, lost := people().TagsOf("person: A B", []string{"x", "A\u00a0B", "", " "})
	if !slices.Equal(tags, []string{"O", "B-PER", "O", "O"}) || lost != 0 {
		t.Errorf("white space in tokens: got %q, %d", tags, lost)
	}
}

func TestEntities_Schemes(t *testing.T) {
	for _, c := range []struct{ name, tags, want string }{
		{"IOB1", "I-PER I-PER O I-LOC", "B-PER I-PER O B-LOC"},
		{"BIOES", "B-PER E-PER O S-LOC", "B-PER I-PER O B-LOC"},
		{"BILOU", "B-PER L-PER U-LOC U-LOC", "B-PER I-PER B-LOC B-LOC"},
		{"another type goes on", "B-PER I-LOC I-LOC O", "B-PER B-LOC I-LOC O"},
	} {
		_, ref, err := people().HeldOut([]table.Cell{wordsOf("a", "b", "c", "d"), wordsOf(strings.Fields(c.tags)...)})
		if err != nil || !slices.Equal(ref.Tags, strings.Fields(c.want)) {
			t.Errorf("%s: got %q, %v, want %s", c.name, ref.Tags, err, c.want)
		}
	}
	numbers := table.Cell{Kind: table.List, Items: []table.Cell{num(1), num(2), num(0)}}
	e, _, err := people().HeldOut([]table.Cell{wordsOf("Barack", "Obama", "spoke"), numbers})
	if err != nil || e.Target != "person: Barack Obama" {
		t.Errorf("numbers: got %+v, %v", e, err)
	}
}

func TestEntities_Errors(t *testing.T) {
	one := func(c table.Cell) table.Cell {
		return table.Cell{Kind: table.List, Items: []table.Cell{c}}
	}
	for _, c := range []struct {
		name   string
		tokens table.Cell
		tags   table.Cell
		parts  []string
	}{
		{"another number of tags", wordsOf("a", "b"), wordsOf("O"),
			[]string{"2 tokens in column tokens", "1 tags in column ner_tags"}},
		{"an unknown type", wordsOf("a"), wordsOf("B-ORG"), []string{"ner_tags", "B-ORG", "PER written"}},
		{"no scheme", wordsOf("a"), wordsOf("NOUN"), []string{"ner_tags", `"NOUN"`, "B-person"}},
		{"a number too large", wordsOf("a"), one(num(9)), []string{"ner_tags, item 0", "got 9", "0 to 6"}},
		{"an ignored token", wordsOf("a"), one(num(-100)), []string{"got -100"}},
		{"no tag", wordsOf("a"), one(table.Cell{}), []string{"null"}},
		{"no tokens", table.Cell{}, wordsOf("O"), []string{"tokens", "null"}},
		{"no list", str("a b"), wordsOf("O", "O"), []string{"tokens", "want a list"}},
		{"a null token", one(table.Cell{}), wordsOf("O"), []string{"tokens", "item 0", "null"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := people().HeldOut([]table.Cell{c.tokens, c.tags})
			wantError(t, err, c.parts...)
		})
	}
}

func FuzzTagsOf(f *testing.F) {
	f.Add("person: Barack Obama; location: Hawaii", "Barack Obama was born in Hawaii")
	f.Add("person: ; person:;person", "person")
	f.Add("none", "")
	f.Add(";;; person: a", "a a  a")
	f.Fuzz(func(t *testing.T, answer, text string) {
		s := people()
		tokens := strings.Split(text, " ")
		tags, lost := s.TagsOf(answer, tokens)
		if len(tags) != len(tokens) {
			t.Fatalf("%d tags for %d tokens", len(tags), len(tokens))
		}
		spans, err := s.spansOf(tags)
		if err != nil {
			t.Fatal(err)
		}
		if found := len(s.parseEntities(answer)); len(spans)+lost != found {
			t.Errorf("%d placed and %d lost of %d entities", len(spans), lost, found)
		}
		// Tags that come from an answer are IOB2, so nothing changes when they are read.
		if again := s.iob2(len(tokens), spans); !slices.Equal(again, tags) {
			t.Errorf("%q are read as %q", tags, again)
		}
	})
}

func TestEntitiesOf(t *testing.T) {
	s := Spec{Name: NER, Entities: []Label{{Name: "PER", Text: "person"}, {Name: "LOC", Text: "location"}}}
	same := func(text string) string { return text }
	got, unplaced := s.EntitiesOf("location: Köln; person: Ana Li; person: nobody", words.Cut("Ana Li, Köln."), same)
	want := []Entity{{"PER", "Ana Li", 0, 2, 0, 6}, {"LOC", "Köln", 3, 4, 8, 12}}
	if unplaced != 1 || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v and %d without a place, want %+v and 1", got, unplaced, want)
	}
}
