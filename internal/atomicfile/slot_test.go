package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Wherever its writer is killed, a file has its old content or the new one, and the next writer leaves nothing beside
// it.
func TestSlotReplacesAFileAtOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	slot, err := NewSlot(path)
	if err != nil {
		t.Fatal(err)
	}
	for changes := 0; ; changes++ {
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		revive := KillAfter(dir, changes)
		err := slot.Replace([]byte("new"))
		made := revive()
		text, readErr := os.ReadFile(path)
		if readErr != nil || string(text) != "old" && string(text) != "new" {
			t.Fatalf("killed after %d changes: %q, %v", changes, text, readErr)
		}
		if made < changes {
			break
		}
		if err != nil && !errors.Is(err, ErrKilled) {
			t.Fatal(err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left %v, %v", entries, err)
	}
}
