package checkpoints

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// runLockName is the lock of a run in its output folder. Its text says who holds it.
const runLockName = ".t5train-lock"

// LockRun makes this process the only writer of the run in output until it calls unlock or ends, however it
// ends. The folder is made if missing. What a killed process left there is restored or removed.
func LockRun(output string) (unlock func(), err error) {
	if unlock, err = lockRun(output); err != nil {
		return nil, fmt.Errorf("lock run %s: %w", output, withRemedy(err))
	}
	return unlock, nil
}

func lockRun(output string) (unlock func(), err error) {
	output, err = filepath.Abs(output)
	if err != nil {
		return nil, err
	}
	if err := makeDirs(output); err != nil {
		return nil, err
	}
	path := filepath.Join(output, runLockName)
	unlock, err = tryLock(path)
	if errors.Is(err, errLocked) {
		holder := "another process"
		if text, err := os.ReadFile(path); err == nil && len(text) > 0 {
			holder = strings.TrimSpace(string(text))
		}
		return nil, fmt.Errorf("%s is writing there: wait for it, stop it, or choose another output folder", holder)
	}
	if err != nil {
		return nil, err
	}
	err = os.WriteFile(path, []byte(holder()), 0o666)
	if err == nil {
		err = recoverAll(filepath.Join(output, checkpointsName))
	}
	if err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// holder names this process.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this host"
	}
	return fmt.Sprintf("process %d on %s\n", os.Getpid(), host)
}

var errLocked = errors.New("it is locked by another process")

// tryLock takes the lock file at path, or fails with errLocked.
func tryLock(path string) (release func(), err error) {
	return takeLock(path, func(l *flock.Flock) error {
		if ok, err := l.TryLock(); err != nil || ok {
			return err
		}
		return errLocked
	})
}

// waitLock takes the lock file at path as soon as it is free.
func waitLock(path string) (release func(), err error) {
	return takeLock(path, func(l *flock.Flock) error {
		_, err := l.TryLockContext(context.Background(), 10*time.Millisecond)
		return err
	})
}

// takeLock locks the file at path, which the release removes again. The file locked may be one that its last
// holder has just removed: such a lock keeps nobody out, so that the next file of that name is tried.
func takeLock(path string, take func(*flock.Flock) error) (release func(), err error) {
	for {
		// Open for writing: network file systems ask for it.
		l := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o666))
		if err := take(l); err != nil {
			return nil, err
		}
		held, heldErr := l.Stat()
		named, namedErr := os.Stat(path)
		if heldErr == nil && namedErr == nil && os.SameFile(held, named) {
			return func() {
				os.Remove(path) // while it is held: see above
				l.Unlock()
			}, nil
		}
		l.Unlock()
	}
}
