package table

import (
	"strings"
	"testing"
)

// FuzzSniff finds one of the delimiters, and another one than the usual one only where that cuts rows of two cells or
// more.
func FuzzSniff(f *testing.F) {
	for _, head := range []string{"", "a;b\n1;2\n", "a|b\n\"x", "a,b\n1;2\n", "\ufeffa\tb\n1\t2", "a\n;\n",
		"a;b,c\n1;2,3"} {
		f.Add(head)
	}
	f.Fuzz(func(t *testing.T, head string) {
		found := sniffDelimiter(head, ',')
		if !strings.ContainsRune(",;\t|", found) || found != ',' && strings.Count(head, string(found)) < 2 {
			t.Fatalf("found %q", found)
		}
	})
}
