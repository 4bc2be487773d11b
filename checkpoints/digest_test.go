package checkpoints

import (
	"os"
	"path/filepath"
	"testing"
)

// The digest follows what a checkpoint answers by, and nothing else in its folder.
func TestDigest(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	digest := func() string {
		t.Helper()
		d, err := Digest(dir)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	write("config.json", "{}")
	write("model.safetensors", "weights")
	first := digest()
	write("README.md", "notes")
	if err := os.Mkdir(filepath.Join(dir, "trainer"), 0o700); err != nil {
		t.Fatal(err)
	}
	if digest() != first {
		t.Error("notes change the digest")
	}
	for name, text := range map[string]string{"model.safetensors": "other", "config.json": `{"a":1}`,
		"spiece.model": "pieces"} {
		write(name, text)
		if d := digest(); d == first {
			t.Errorf("%s does not change the digest", name)
		} else {
			first = d
		}
	}
	if _, err := Digest(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("no folder: no error")
	}
}
