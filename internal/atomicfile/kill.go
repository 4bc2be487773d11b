package atomicfile

import (
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// ErrKilled is the error of every change after the last one that KillAfter lets through.
var ErrKilled = errors.New("killed by a test")

// kill is how a test ends a writer; nil outside of tests.
var kill atomic.Pointer[killer]

type killer struct {
	mu      sync.Mutex
	dir     string
	left    int // changes until the end
	changes int
	refused int
}

// KillAfter lets a test end whoever writes below dir as SIGKILL does, after a number of changes of the disk: the next
// change and all after it fail and do nothing, so that nothing is tidied up, but for a write that comes next, of which
// half is made. Locks end. revive ends that and returns the number of changes that were made. One test at a time.
func KillAfter(dir string, changes int) (revive func() int) {
	k := &killer{dir: filepath.Clean(dir) + string(filepath.Separator), left: changes}
	kill.Store(k)
	return func() int {
		kill.Store(nil)
		return k.changes
	}
}

func killing(path string) bool {
	k := kill.Load()
	return k != nil && strings.HasPrefix(filepath.Clean(path), k.dir)
}

// torn reports whether the change that has just been refused is the first one.
func torn() bool {
	k := kill.Load()
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.refused == 1
}

// change counts a change of the disk, or says that there is none any more.
func change(path string) error {
	if !killing(path) {
		return nil
	}
	k := kill.Load()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left == 0 {
		k.refused++
		return ErrKilled
	}
	k.left--
	k.changes++
	return nil
}
