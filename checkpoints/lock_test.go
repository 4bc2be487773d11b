package checkpoints

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

func TestLockRun(t *testing.T) {
	output := filepath.Join(t.TempDir(), "runs", "sms")
	unlock, err := LockRun(output)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("process %d on ", os.Getpid())
	if _, err := LockRun(output); err == nil || !strings.Contains(err.Error(), want) ||
		!strings.Contains(err.Error(), output) {
		t.Errorf("got error %v, want one with %q and the folder", err, want)
	}
	unlock()
	if got := entries(t, output); got != "" {
		t.Errorf("left %q behind", got)
	}
	unlock, err = LockRun(output)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

// Somebody looks at the lock just as it is taken.
func TestLockRunWhileItIsLookedAt(t *testing.T) {
	output := t.TempDir()
	look := flock.New(filepath.Join(output, runLockName), flock.SetFlag(os.O_CREATE|os.O_RDWR))
	if err := look.RLock(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(time.Millisecond, func() { look.Unlock() })
	unlock, err := LockRun(output)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestLockRunOnAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LockRun(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got error %v", err)
	}
}
