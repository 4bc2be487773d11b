package table

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"t5train/internal/bounded"
)

func TestText(t *testing.T) {
	for _, c := range []struct {
		name, in, want, err string
	}{
		{"plain", "one\ntwo", "one\ntwo", ""},
		{"empty", "", "", ""},
		{"byte order mark", "\ufeffé\n", "é\n", ""},
		{"short", "é", "é", ""},
		{"characters of all lengths", "aé中😂\n", "aé中😂\n", ""},
		{"replacement character", "\ufffd", "\ufffd", ""},
		{"UTF-16, little-endian", "\xff\xfea\x00", "", "the file is UTF-16, want UTF-8"},
		{"UTF-16, big-endian", "\xfe\xff\x00a", "", "the file is UTF-16, want UTF-8"},
		{"UTF-16 without a mark", "a\x00b\x00", "a", "line 1: a zero byte"},
		{"Latin-1", "one\ncaf\xe9 au lait", "one\ncaf", "line 2: byte 0xe9 is not UTF-8"},
		{"a character that ends early", "a\nb\xe4\xb8", "a\nb", "line 2: byte 0xe4 is not UTF-8"},
		{"a surrogate", "\xed\xa0\x80", "", "line 1: byte 0xed is not UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"at once": strings.NewReader(c.in), "byte by " +
					"byte": iotest.OneByteReader(strings.NewReader(c.in)), "with the " +
					"end": iotest.DataErrReader(strings.NewReader(c.in)),
			} {
				got, err := io.ReadAll(newText(r))
				if name != "byte by byte" && !strings.HasPrefix(string(got), c.want) || c.err == "" &&
					string(got) != c.want {
					t.Errorf("%s: got %q, want %q", name, got, c.want)
				}
				if c.err == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.err) {
					t.Errorf("%s: got error %v, want %q", name, err, c.err)
				}
			}
		})
	}
}

// TestTextBoundsRows reads a row that never ends.
func TestTextBoundsRows(t *testing.T) {
	endless := newText(io.MultiReader(strings.NewReader("text\nfine\n\""), forever{}))
	endless.limit = 1 << 20
	err := readCSV(endless, ReadOptions{Delimiter: ','}, func(Row) error { return nil })
	for _, want := range []string{"line 3: a row of more than 1024 KB begins here: is a quote",
		"set T5_MAX_READ_MB=2 in the environment"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
	t.Setenv(bounded.Variable, "100")
	if limit := newText(nil).limit; limit != 100<<20 {
		t.Errorf("the bound is raised to %d", limit)
	}
	t.Setenv(bounded.Variable, "much")
	if _, err := io.ReadAll(newText(strings.NewReader("a"))); err == nil || !strings.Contains(err.Error(),
		bounded.Variable) {
		t.Errorf("got error %v, want one that names %s", err, bounded.Variable)
	}
}

// forever is text without an end.
type forever struct{}

func (forever) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
