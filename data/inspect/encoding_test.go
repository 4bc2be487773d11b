package inspect

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFixEncoding(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""}, {"plain", "plain"},
		{"cafÃ©", "café"},
		{"itâ€™s", "it’s"},
		{"â€œyesâ€\u009d", "“yes”"},                            // 0x9d is no character of Windows-1252
		{"na\u00c3\u00afve \u00e2\u0080\u0094 x", "naïve — x"}, // read as Latin-1
		{"ÃƒÂ©", "é"},                                          // twice
		{"æ—¥æœ¬", "日本"},
		{"café", "café"}, {"it’s", "it’s"}, {"日本", "日本"}, {"Ã", "Ã"},
		{"cafÃ© and café", "cafÃ© and café"},     // only a part is wrong
		{"cafÃ© in 日本", "cafÃ© in 日本"},           // no text of Windows-1252
		{"Ã\ufffd", "Ã\ufffd"}, {"\xff", "\xff"}, // bytes that are no text
	} {
		if got := FixEncoding(c.text); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func FuzzFixEncoding(f *testing.F) {
	for _, seed := range []string{"", "cafÃ©", "itâ€™s", "ÃƒÂ©", "Ã", "\xc3", "日本é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fixed := FixEncoding(text)
		if fixed != text && (!utf8.ValidString(fixed) ||
			utf8.RuneCountInString(fixed) >= utf8.RuneCountInString(text)) {
			t.Errorf("%q: got %q", text, fixed)
		}
		if again := FixEncoding(fixed); again != fixed {
			t.Errorf("%q: %q is fixed again, to %q", text, fixed, again)
		}
		if !utf8.ValidString(text) {
			return
		}
		var wrong strings.Builder // what a reader of Latin-1 makes of the text
		for _, b := range []byte(text) {
			wrong.WriteRune(rune(b))
		}
		if got := FixEncoding(wrong.String()); got != fixed {
			t.Errorf("%q: got %q of %q, want %q", text, got, wrong.String(), fixed)
		}
	})
}
