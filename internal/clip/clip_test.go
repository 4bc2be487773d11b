package clip

import "testing"

func TestText(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"", 3, ""}, {"abc", 3, "abc"}, {"abcd", 3, "abc..."}, {"äöü", 3, "äöü"}, {"äöüß", 3, "äöü..."}, {"a", 0,
			"..."},
	} {
		if got := Text(c.text, c.most); got != c.want {
			t.Errorf("Text(%q, %d) is %q, want %q", c.text, c.most, got, c.want)
		}
	}
}
