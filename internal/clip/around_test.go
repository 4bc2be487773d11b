package clip

import "testing"

func TestAround(t *testing.T) {
	for _, c := range []struct{ a, b, first, second string }{
		{"one", "two", "one", "two"},
		{"a long text, first", "a long text, last", "...ext, first", "...ext, last"},
		{"same beginning", "same", "same begin...", "same"},
		{"", "", "", ""},
		{"0123456789x", "0123456789", "...56789x", "...56789"},
	} {
		if first, second := Around(c.a, c.b, 10); first != c.first || second != c.second {
			t.Errorf("%q, %q: got %q, %q, want %q, %q", c.a, c.b, first, second, c.first, c.second)
		}
	}
}
