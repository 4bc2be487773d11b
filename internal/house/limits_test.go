package house

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var lower = flag.Bool("lower", false,
	"write what has become less into testdata/limits.txt, and the walk into docs/architecture.md")

// limits of what is counted, for a folder that testdata/limits.txt does not name.
var limits = map[string]int{
	"lines": 2500, // of a package, outside tests and generated files
	"files": 15,   // of a folder, likewise
	"long":  0,    // lines of more than lineLength columns, those of tests too
	"says":  0,    // calls that print, outside cmd and examples
	"flags": 0,    // texts that name a flag of the command line, likewise
}

// commands has the limits of cmd/t5train, which has the help of all commands: a third of its lines.
var commands = map[counted]int{
	{"files", "cmd/t5train"}: 43,
	{"lines", "cmd/t5train"}: 5100,
}

func (c counted) limit() int { return cmp.Or(commands[c], limits[c.what]) }

type counted struct{ what, folder string }

func (c counted) String() string { return c.what + " " + c.folder }

func count(t *testing.T) map[counted]int {
	t.Helper()
	n := map[counted]int{}
	for _, s := range all(t) {
		if s.made {
			continue
		}
		n[counted{"long", s.folder}] += len(s.long)
		if s.test {
			continue
		}
		n[counted{"lines", s.folder}] += s.lines
		n[counted{"files", s.folder}]++
		if !strings.HasPrefix(s.folder, "cmd/") && !strings.HasPrefix(s.folder, "examples/") {
			texts, calls := talk(t, s)
			n[counted{"flags", s.folder}] += texts
			n[counted{"says", s.folder}] += calls
		}
	}
	return n
}

const limitsFile = "testdata/limits.txt"

// exceptions reads the folders that are over a limit, with what they have; it may only become less.
func exceptions(t *testing.T) map[counted]int {
	t.Helper()
	text, err := os.ReadFile(limitsFile)
	if err != nil {
		t.Fatal(err)
	}
	over := map[counted]int{}
	for line := range strings.Lines(string(text)) {
		var c counted
		var n int
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		if _, err := fmt.Sscan(line, &c.what, &c.folder, &n); err != nil {
			t.Fatalf("%s: %q: %v", limitsFile, line, err)
		}
		over[c] = n
	}
	return over
}

func TestLimits(t *testing.T) {
	over, have := exceptions(t), count(t)
	left := map[counted]int{}
	for c, n := range have {
		limit := max(c.limit(), over[c])
		if n > limit {
			t.Errorf("%s: %d, want at most %d", c, n, limit)
		}
		if n > c.limit() {
			left[c] = min(n, limit)
		}
	}
	if *lower {
		write(t, left)
	}
}

func write(t *testing.T, left map[counted]int) {
	t.Helper()
	text := "# What is over a limit of limits_test.go, by folder. These numbers may only fall: " +
		"go test ./internal/house -lower\n"
	for _, c := range slices.SortedFunc(maps.Keys(left),
		func(a, b counted) int { return cmp.Compare(a.String(), b.String()) }) {
		text += fmt.Sprintln(c, left[c])
	}
	if err := os.WriteFile(limitsFile, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
