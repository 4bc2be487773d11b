package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The names beside a path while it is being written: ".NAME" + suffix.
const (
	tempSuffix = ".t5train-tmp"  // becomes path when complete, or was path and is being removed: never needed
	oldSuffix  = ".t5train-old"  // was path until the new one stands
	lockSuffix = ".t5train-lock" // held by the process that writes
)

// Slot is a path whose content, a file or a folder, changes as a whole: it is made at Temp, and then swapped in. A file
// takes one rename for that, a folder two:
//
//	                         path   old    temp
//	fill                     v1     -      v2 (part)
//	rename path -> old       -      v1     v2
//	rename temp -> path      v2     v1     -
//	remove old               v2     -      -
//
// In every row, v1 or v2 is complete under path or old, and whoever claims the slot next leads on from there: old
// becomes path where path is missing, and what is left is dropped. The lock makes leftovers recognizable: who holds it
// knows that no living process works on them.
type Slot struct{ Path, Temp, old, lockFile string }

// NewSlot returns the slot of path. A link is followed: what it leads to is replaced.
func NewSlot(path string) (Slot, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Slot{}, err
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return InnerSlot(path)
}

// InnerSlot returns the slot of a path that is ours inside of a folder that the user names. A link at path is replaced,
// not what it leads to.
func InnerSlot(path string) (Slot, error) {
	path, err := filepath.Abs(path)
	hidden := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	return Slot{path, hidden + tempSuffix, hidden + oldSuffix, hidden + lockSuffix}, err
}

// Claim waits until no other writer is at work, and clears what a killed process left. release ends the claim.
func (s Slot) Claim() (release func(), err error) {
	return s.claim(func(path string) (func(), error) { return Lock(context.Background(), path) })
}

// TryClaim is Claim that fails with ErrLocked where another writer is at work.
func (s Slot) TryClaim() (release func(), err error) { return s.claim(TryLock) }

func (s Slot) claim(lock func(path string) (func(), error)) (release func(), err error) {
	if release, err = lock(s.lockFile); err != nil {
		return nil, err
	}
	if err := s.recover(); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// recover cleans up after a killed process. The lock must be held.
func (s Slot) recover() error {
	if Exists(s.old) {
		if Exists(s.Path) {
			if err := RemoveAll(s.old); err != nil {
				return err
			}
		} else if err := Rename(s.old, s.Path); err != nil {
			return err
		}
		if err := SyncDir(filepath.Dir(s.Path)); err != nil {
			return err
		}
	}
	return RemoveAll(s.Temp)
}

// Swap puts the complete Temp, which is on the disk, in the place of the path. The slot must be claimed.
func (s Slot) Swap() error {
	if info, err := os.Stat(s.Temp); err == nil && !info.IsDir() {
		return Move(s.Temp, s.Path)
	}
	err := Rename(s.Path, s.old)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	replaced := err == nil
	if err := Rename(s.Temp, s.Path); err != nil {
		if replaced {
			err = errors.Join(err, Rename(s.old, s.Path))
		}
		return err
	}
	if err := SyncDir(filepath.Dir(s.Path)); err != nil {
		return err
	}
	RemoveAll(s.old) // the new folder stands: what cannot be removed now is removed by the next recover
	return nil
}

// Remove drops the folder at the path as a whole: none half-removed is ever seen under its name.
func (s Slot) Remove() error {
	release, err := s.Claim()
	if err != nil {
		return err
	}
	defer release()
	if err := Move(s.Path, s.Temp); err != nil {
		return err
	}
	return RemoveAll(s.Temp)
}

// Replace gives the file at the path a new content. The slot must not be claimed.
func (s Slot) Replace(data []byte) error {
	release, err := s.Claim()
	if err != nil {
		return err
	}
	defer release()
	return replaceThrough(s.Path, s.Temp, data)
}

// Restore puts back what a killed process has left aside, and waits for a living one that replaces it.
func (s Slot) Restore() error {
	if Exists(s.Path) || !Exists(s.old) {
		return nil
	}
	release, err := s.Claim()
	if err != nil {
		return fmt.Errorf("%s was left aside as %s: rename it: %w", s.Path, s.old, err)
	}
	release()
	return nil
}

// RecoverAll restores and cleans up whatever killed processes left in the slots of a folder, and leaves alone what
// living ones are at work on.
func RecoverAll(dir string) error {
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
			s, err := InnerSlot(filepath.Join(dir, name[1:]))
			if err != nil {
				return err
			}
			switch release, err := s.TryClaim(); {
			case err == nil:
				release()
			case !errors.Is(err, ErrLocked):
				return err
			}
		}
	}
	return nil
}
