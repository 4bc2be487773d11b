package visible

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"plain text, tab\tand line\n": "plain text, tab\tand line\n",
		"te\x1b[31mxt":                `te\u001b[31mxt`,
		"\x1b]0;title\a":              `\u001b]0;title\u0007`,
		"back\rover":                  `back\u000dover`,
		"del\x7f c1\u009b2J":          `del\u007f c1\u009b2J`,
		"abc\u202edcba":               `abc\u202edcba`,
		"\x9b2J":                      "\ufffd2J",
		"naïve 漢字 👩‍👩‍👧":              "naïve 漢字 👩‍👩‍👧",
	} {
		if got := Text(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestUTF8(t *testing.T) {
	for in, want := range map[string]string{
		"":                     "",
		"naïve 漢字 \ufffd \x1b": "naïve 漢字 \ufffd \x1b",
		"caf\xe9":              `caf\xe9`,
		"\xff\xe9\xc3":         `\xff\xe9\xc3`,
		"é\xe9 \xe6\xbc":       `é\xe9 \xe6\xbc`,
	} {
		if got := UTF8(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	if got, want := Line("a\tb\r\nc\x1b\xff"), `a\tb\u000d\nc\u001b`+"\ufffd"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// JSON says the same with escapes and without.
func TestJSONStaysWhatItWas(t *testing.T) {
	const text = "a\x7fb\u0085c\u2066d\x1be\tf"
	encoded, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := json.Unmarshal([]byte(Text(string(encoded))), &got); err != nil || got != text {
		t.Errorf("got %q, %v, want %q", got, err, text)
	}
}

func FuzzWriter(f *testing.F) {
	f.Add("漢\x1b[2J\u202e字", 1)
	f.Add("cut \xe6\xbc", 5)
	f.Add("\xff\xfe", 1)
	f.Fuzz(func(t *testing.T, text string, at int) {
		if at < 0 || at > len(text) {
			at = len(text) / 2
		}
		var b strings.Builder
		w := NewWriter(&b)
		for _, part := range []string{text[:at], text[at:]} {
			if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
				t.Fatalf("wrote %d of %d bytes: %v", n, len(part), err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); got != Text(text) || !utf8.ValidString(got) && utf8.ValidString(text) {
			t.Fatalf("in parts %q, whole %q", got, Text(text))
		}
		for _, r := range b.String() {
			if unicode.IsControl(r) && r != '\n' && r != '\t' {
				t.Fatalf("%q reaches the terminal", r)
			}
		}
	})
}
