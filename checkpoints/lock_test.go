package checkpoints

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gofrs/flock"
)

func TestLockRun(t *testing.T) {
	output := filepath.Join(t.TempDir(), "runs", "sms")
	unlock, err := LockRun(output)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("process %d on ", os.Getpid())
	if _, err := LockRun(output); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), output) {
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

func TestLockRunOnAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LockRun(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got error %v", err)
	}
}

// TestLockExcludes lets many take a lock whose file each holder removes.
func TestLockExcludes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var holders atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				release, err := waitLock(path)
				if err != nil {
					t.Error(err)
					return
				}
				if holders.Add(1) != 1 {
					t.Error("two hold the lock")
				}
				holders.Add(-1)
				release()
			}
		})
	}
	group.Wait()
}

// TestLockOfARemovedFile takes the lock just as its last holder removes the file and the next one makes a new
// one: such a lock keeps nobody out and must be taken again.
func TestLockOfARemovedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	takes := 0
	release, err := takeLock(path, func(l *flock.Flock) error {
		if takes++; takes == 1 {
			defer func() {
				if err := errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o600)); err != nil {
					t.Error(err)
				}
			}()
		}
		_, err := l.TryLock()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if takes != 2 {
		t.Errorf("took the lock %d times, want 2", takes)
	}
	if _, err := tryLock(path); !errors.Is(err, errLocked) {
		t.Errorf("a second holder: got error %v, want %v", err, errLocked)
	}
}
