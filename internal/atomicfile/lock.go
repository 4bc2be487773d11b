package atomicfile

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// ErrLocked says that another process holds a lock.
var ErrLocked = errors.New("it is locked by another process")

// TryLock takes the lock file at path, or fails with ErrLocked.
func TryLock(path string) (release func(), err error) {
	return takeLock(path, func(l *flock.Flock) error {
		if ok, err := l.TryLock(); err != nil || ok {
			return err
		}
		return ErrLocked
	})
}

// Lock takes the lock file at path as soon as it is free, unless ctx ends before.
func Lock(ctx context.Context, path string) (release func(), err error) {
	return takeLock(path, func(l *flock.Flock) error {
		_, err := l.TryLockContext(ctx, 10*time.Millisecond)
		return err
	})
}

// takeLock locks the file at path, which the release removes again. The file locked may be one that its last
// holder has just removed: such a lock keeps nobody out, so that the next file of that name is tried.
func takeLock(path string, take func(*flock.Flock) error) (release func(), err error) {
	for {
		if err := CheckNoLink(path); err != nil {
			return nil, err
		}
		// Open for writing: network file systems ask for it.
		l := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow), flock.SetPermissions(0o666))
		if err := take(l); err != nil {
			return nil, err
		}
		held, heldErr := l.Stat()
		named, namedErr := os.Stat(path)
		if heldErr == nil && namedErr == nil && os.SameFile(held, named) {
			return func() {
				Remove(path) // while it is held: see above
				l.Unlock()
			}, nil
		}
		l.Unlock()
	}
}
