package checkpoints

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLockRunIsNotWrittenThroughALink(t *testing.T) {
	file, dir := filepath.Join(t.TempDir(), "precious"), t.TempDir()
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, runLockName)
	if err := os.Symlink(file, link); err != nil {
		t.Skip(err)
	}
	if _, err := LockRun(dir); err == nil || !strings.Contains(err.Error(), link+": it is a symbolic link") {
		t.Errorf("got %v, want an error that names the link", err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "precious" {
		t.Errorf("the file outside is %q, error %v", got, err)
	}
}

func TestSmallFilesHaveABound(t *testing.T) {
	t.Setenv("T5_MAX_READ_MB", "1")
	dir := t.TempDir()
	path := filepath.Join(dir, configName)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Skip(err)
	}
	if _, err := openWeights(dir); err == nil || !strings.Contains(err.Error(), "T5_MAX_READ_MB=1048576") {
		t.Errorf("got %v, want an error with the variable", err)
	}
}
