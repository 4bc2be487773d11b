package words

import (
	"reflect"
	"strings"
	"testing"
)

func TestCut(t *testing.T) {
	for text, want := range map[string]string{
		"Mr. Li isn't in St. John's (U.S.).":      "Mr. Li is n't in St. John 's ( U.S. ) .",
		"Barack Obama visited Berlin, Germany.":   "Barack Obama visited Berlin , Germany .",
		"  He paid $1,000.50 (3.5%)...\t":         "He paid $ 1,000.50 ( 3.5 % ) ...",
		"@anna see https://a.org/x?y=1, #Zürich!": "@anna see https://a.org/x?y=1 , #Zürich !",
		"“Straße”—so Jean-Luc’s “plan”":           "“ Straße ” — so Jean-Luc ’s “ plan ”",
		"London,Paris;Rome at 10:30":              "London , Paris ; Rome at 10:30",
		"北京很大。":                                   "北 京 很 大 。",
		"mail a.b@c.org. J. Doe, C++ -5 's":       "mail a.b@c.org . J. Doe , C++ -5 's",
		"":                                        "",
		"...":                                     "...",
	} {
		tokens := Cut(text)
		if got := Join(tokens); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		checkPlaces(t, text, tokens)
	}
}

// checkPlaces checks that tokens lie in the text in order, with nothing but space between them.
func checkPlaces(t *testing.T, text string, tokens []Token) {
	t.Helper()
	runes, at := []rune(text), 0
	for _, token := range tokens {
		if token.Start < at || token.Start >= token.End || token.End > len(runes) ||
			string(runes[token.Start:token.End]) != token.Text ||
			strings.TrimSpace(string(runes[at:token.Start])) != "" {
			t.Fatalf("%q: token %+v behind %d", text, token, at)
		}
		at = token.End
	}
	if strings.TrimSpace(string(runes[at:])) != "" {
		t.Fatalf("%q: no token for %q", text, string(runes[at:]))
	}
}

func FuzzCut(f *testing.F) {
	for _, seed := range []string{"Mr. Li isn't (U.S.).", "''s--", "北京,\xff。", "a,,b::", "’s n't"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkPlaces(t, text, Cut(text)) })
}

func TestList(t *testing.T) {
	if got := List([]string{"Ana", "Li"}); !reflect.DeepEqual(got, []Token{{"Ana", 0, 3}, {"Li", 4, 6}}) {
		t.Errorf("tokens of a list: %+v", got)
	}
}
