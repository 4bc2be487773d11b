package gguf

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/internal/ui"
)

// Names and texts of a file reach no terminal as they are.
func TestForeignNames(t *testing.T) {
	bad := "a\x1b[2J\nb"
	data := written(t, []KV{{bad, bad}, {"plain.key", "a text"}, {"long", strings.Repeat("x", 100)}, {"n", uint32(7)}},
		tensor(bad, F32, []int{1}, 1), tensor("token_embd.weight", F32, []int{1}, 2))
	path := filepath.Join(t.TempDir(), "one.gguf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	lines := ui.Lines{Writer: bufio.NewWriter(&out)}
	if err := lines.Finish(Describe(lines, path, true)); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{`"a\x1b[2J\nb": "a\x1b[2J\nb"`, `"a\x1b[2J\nb": F32`, " plain.key: a text\n",
		`"` + strings.Repeat("x", 80) + `"` + "\n", " n: 7\n", " token_embd.weight: F32"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Errorf("a control character is in %q", text)
	}
	short, end := data[:len(data)-Alignment-1], int64(len(data))
	if _, err := Read(bytes.NewReader(short), int64(len(short))); err == nil || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("a file that is too short: %v", err)
	}
	f, err := Read(bytes.NewReader(data), end)
	if err != nil {
		t.Fatal(err)
	}
	f.from = bytes.NewReader(data[:f.Tensors[0].offset+2]) // it has become shorter meanwhile
	if v, err := f.Float32(f.Tensors[0]); err == nil || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("half an element: %v, %v", v, err)
	}
}
