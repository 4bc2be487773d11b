package bounded

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestReadFileDoesNotWaitForAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), "it is a device or a pipe") {
		t.Errorf("got %v", err)
	}
}
