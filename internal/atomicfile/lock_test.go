package atomicfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gofrs/flock"
)

// TestLockExcludes lets many take a lock whose file each holder removes.
func TestLockExcludes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var holders atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				release, err := Lock(t.Context(), path)
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
	if _, err := TryLock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a second holder: got error %v, want %v", err, ErrLocked)
	}
}

func TestLockStopsWaiting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Lock(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}
