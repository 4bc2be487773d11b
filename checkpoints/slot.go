package checkpoints

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"t5train/internal/atomicfile"
)

// The names beside a path while it is being written: ".NAME" + suffix.
const (
	tempSuffix = ".t5train-tmp"  // becomes path when complete, or was path and is being removed: never needed
	oldSuffix  = ".t5train-old"  // was path until the new one stands
	lockSuffix = ".t5train-lock" // held by the process that writes
)

// slot is a path whose content changes as a whole. Replacing a folder takes two renames:
//
//	                         path   old    temp
//	fill                     v1     -      v2 (part)
//	rename path -> old       -      v1     v2
//	rename temp -> path      v2     v1     -
//	remove old               v2     -      -
//
// In every row, v1 or v2 is complete under path or old, and recover leads on from there: it returns old to
// path where path is missing, and drops what is left. The lock makes leftovers recognisable: who holds it
// knows that no living process works on them.
type slot struct{ path, parent, temp, old, lockFile string }

// newSlot returns the slot of path. A link is followed: what it leads to is replaced.
func newSlot(path string) (slot, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return slot{}, err
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return slotAt(path), nil
}

// innerSlot returns the slot of a path that is ours inside of a folder that the user names. A link at path is replaced,
// not what it leads to.
func innerSlot(path string) (slot, error) {
	path, err := filepath.Abs(path)
	return slotAt(path), err
}

func slotAt(path string) slot {
	parent, name := filepath.Dir(path), filepath.Base(path)
	beside := func(suffix string) string { return filepath.Join(parent, "."+name+suffix) }
	return slot{path, parent, beside(tempSuffix), beside(oldSuffix), beside(lockSuffix)}
}

// lock waits until no other writer is at work.
func (s slot) lock() (release func(), err error) {
	return atomicfile.Lock(context.Background(), s.lockFile)
}

// recover cleans up after a killed process. The lock must be held.
func (s slot) recover() error {
	if atomicfile.Exists(s.old) {
		if atomicfile.Exists(s.path) {
			if err := atomicfile.RemoveAll(s.old); err != nil {
				return err
			}
		} else if err := atomicfile.Rename(s.old, s.path); err != nil {
			return err
		}
		if err := atomicfile.SyncDir(s.parent); err != nil {
			return err
		}
	}
	return atomicfile.RemoveAll(s.temp)
}

// checkReplaceable refuses to replace what is no checkpoint: it may be somebody's home.
func (s slot) checkReplaceable() error {
	entries, err := os.ReadDir(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		if info, statErr := os.Stat(s.path); statErr == nil && !info.IsDir() {
			return errors.New("a file of that name is there: remove it or choose another folder")
		}
		return err
	case len(entries) > 0 && !isCheckpoint(s.path):
		return fmt.Errorf("the folder holds files but no %s, so it is no checkpoint to replace: choose another folder",
			configName)
	}
	return nil
}

// swap puts the complete temp in the place of path.
func (s slot) swap() error {
	err := atomicfile.Rename(s.path, s.old)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	replaced := err == nil
	if err := atomicfile.Rename(s.temp, s.path); err != nil {
		if replaced {
			err = errors.Join(err, atomicfile.Rename(s.old, s.path))
		}
		return err
	}
	if err := atomicfile.SyncDir(s.parent); err != nil {
		return err
	}
	atomicfile.RemoveAll(s.old) // the new folder stands: what cannot be removed now is removed by the next recover
	return nil
}

// remove drops the folder at path as a whole: none half-removed is ever seen under its name.
func (s slot) remove() error {
	release, err := s.claim()
	if err != nil {
		return err
	}
	defer release()
	if err := atomicfile.Rename(s.path, s.temp); err != nil {
		return err
	}
	if err := atomicfile.SyncDir(s.parent); err != nil {
		return err
	}
	return atomicfile.RemoveAll(s.temp)
}

// claim locks the slot and clears what a killed process left in it. release ends the lock.
func (s slot) claim() (release func(), err error) {
	if release, err = s.lock(); err != nil {
		return nil, err
	}
	if err := s.recover(); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// ReplaceFile gives the file at path, which is one of a run, a new content, at once. A link in its place is replaced.
func ReplaceFile(path string, data []byte) error {
	s, err := innerSlot(path)
	if err != nil {
		return err
	}
	release, err := s.claim()
	if err != nil {
		return err
	}
	defer release()
	return atomicfile.ReplaceThrough(s.path, s.temp, data)
}

// checkpointAt tells whether path is a checkpoint folder. One that a killed process left aside is restored,
// one that is being replaced is waited for.
func checkpointAt(path string) (bool, error) {
	if isCheckpoint(path) {
		return true, nil
	}
	s, err := newSlot(path)
	if err != nil {
		return false, err
	}
	if !atomicfile.Exists(s.path) && atomicfile.Exists(s.old) {
		release, err := s.lock()
		if err != nil {
			return false, fmt.Errorf("%s was left aside as %s: rename it: %w", s.path, s.old, err)
		}
		defer release()
		if err := s.recover(); err != nil {
			return false, err
		}
	}
	return isCheckpoint(path), nil
}

// recoverAll restores and cleans up whatever killed processes left in the folder dir, and leaves alone what
// living ones are at work on.
func recoverAll(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		for _, suffix := range []string{tempSuffix, oldSuffix, lockSuffix} {
			name, ok := strings.CutSuffix(entry.Name(), suffix)
			if !ok || len(name) < 2 || name[0] != '.' {
				continue
			}
			if err := recoverIdle(filepath.Join(dir, name[1:])); err != nil {
				return err
			}
		}
	}
	return nil
}

func recoverIdle(path string) error {
	s, err := innerSlot(path)
	if err != nil {
		return err
	}
	release, err := atomicfile.TryLock(s.lockFile)
	if errors.Is(err, atomicfile.ErrLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	defer release()
	return s.recover()
}
