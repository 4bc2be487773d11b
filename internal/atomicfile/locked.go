package atomicfile

import (
	"github.com/gofrs/flock"
)

// Locked reports whether a process holds the lock file at path. It makes no file, and lets go at once: whoever takes
// the lock in that instant must try again.
func Locked(path string) (bool, error) {
	l := flock.New(path, flock.SetFlag(0))
	ok, err := l.TryRLock()
	if err != nil {
		return false, err
	}
	return !ok, l.Unlock()
}
