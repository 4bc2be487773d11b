package report

import (
	"strings"
	"testing"
)

// What a file of a run says breaks neither the table nor the terminal.
func TestRunsAreLines(t *testing.T) {
	var out strings.Builder
	if err := WriteTable(&out, []*Run{{Path: "a\tb\n\x1b[2J", State: "stopped"}}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[1], `a\tb\n\u001b[2J  -     -      stopped`) {
		t.Errorf("got %q", lines)
	}
}
