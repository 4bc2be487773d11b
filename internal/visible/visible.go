// Package visible keeps what a file says from commanding the terminal that shows it: control characters, which move the
// cursor, clear the screen or set its title, and those that turn the direction of text, become \u escapes.
//
//	visible.Text("te\x1b[31mxt") // te\u001b[31mxt
//
// The escapes are those of JSON: JSON stays what it was.
package visible

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s with escapes. Line ends and tabs stay; bytes that are no UTF-8 become U+FFFD.
func Text(s string) string {
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			b.WriteString(escape(r))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// UTF8 returns s with bytes that are no UTF-8 as \x escapes, which tell them apart: "caf\xe9" of Latin-1.
func UTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		if r, n := utf8.DecodeRuneInString(s); r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
			s = s[1:]
		} else {
			b.WriteString(s[:n])
			s = s[n:]
		}
	}
	return b.String()
}

// AllUTF8 returns [UTF8] of each text.
func AllUTF8(texts []string) []string {
	all := slices.Clone(texts)
	for i, s := range all {
		all[i] = UTF8(s)
	}
	return all
}

// Line returns s with escapes on one line without tabs: as [Text], but of line ends and tabs too.
func Line(s string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(Text(s))
}

// hidden reports whether a terminal may act on a rune in place of showing it. U+FFFD is here for invalid bytes, which
// terminals of one byte a character may take for controls.
func hidden(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError
}

func escape(r rune) string {
	if r == utf8.RuneError {
		return string(r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// Writer passes text on with escapes. It is not safe for concurrent use.
type Writer struct {
	out  io.Writer
	rest []byte // the beginning of a rune whose end has not come
}

// NewWriter returns a writer to out.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	text := append(w.rest, p...)
	end := len(text)
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		if c := text[len(text)-back]; utf8.RuneStart(c) {
			if !utf8.FullRune(text[len(text)-back:]) {
				end = len(text) - back
			}
			break
		}
	}
	_, err := io.WriteString(w.out, Text(string(text[:end])))
	w.rest = append([]byte(nil), text[end:]...)
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what is left of a rune that was cut short.
func (w *Writer) Flush() error {
	_, err := io.WriteString(w.out, Text(string(w.rest)))
	w.rest = nil
	return err
}
