package checkpoints

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"t5train/checkpoints/peft"
	"t5train/checkpoints/safetensors"
	"t5train/internal/atomicfile"
)

// Create writes the checkpoint folder path, which appears complete or not at all: fill writes the files,
// config.json among them, into a hidden folder beside it; they are brought to the disk; the folder is renamed.
// If path is a checkpoint folder already, it is replaced as a whole: until the new one stands, the old one is
// there, under its own name or, for a moment, aside, where LockRun and Resolve find it after a crash. Two
// writers of one path take turns.
//
// A folder that holds files but no config.json is no checkpoint and is left alone: that is an error.
func Create(path string, fill func(*Dir) error) error {
	s, err := atomicfile.NewSlot(path)
	if err == nil {
		err = create(s, fill)
	}
	if err != nil {
		return fmt.Errorf("write checkpoint %s: %w", path, atomicfile.WithRemedy(err))
	}
	return nil
}

func create(s atomicfile.Slot, fill func(*Dir) error) error {
	if err := atomicfile.MkdirAll(filepath.Dir(s.Path)); err != nil {
		return err
	}
	release, err := s.Claim()
	if err != nil {
		return err
	}
	defer release()
	if err := checkReplaceable(s.Path); err != nil {
		return err
	}
	if err := atomicfile.Mkdir(s.Temp); err != nil {
		return err
	}
	defer atomicfile.RemoveAll(s.Temp) // nothing there after a success
	if fill == nil {
		return errors.New("there is nothing to write")
	}
	if err := fill(&Dir{root: s.Temp}); err != nil {
		return err
	}
	if !isCheckpoint(s.Temp) {
		return fmt.Errorf("no %s was written into it", configName)
	}
	if err := syncTree(s.Temp); err != nil {
		return err
	}
	return s.Swap()
}

// Dir is a folder that Create is filling. Its methods may be called at the same time for different files.
type Dir struct {
	root string
	mu   sync.Mutex
	sums map[string]checksum // of the files so far
}

// WriteFile writes the file name, a path relative to the folder, and brings it to the disk. Folders on the
// way are made; a file that is there already is an error.
func (d *Dir) WriteFile(name string, data []byte) error {
	return d.write(name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteTensors is WriteFile for a safetensors file; see safetensors.Write.
func (d *Dir) WriteTensors(name string, tensors []safetensors.Tensor, metadata map[string]string) error {
	return d.write(name, func(w io.Writer) error { return safetensors.Write(w, tensors, metadata) })
}

// WriteLazy is WriteTensors for tensors that are made while the file is written; see safetensors.WriteLazy.
func (d *Dir) WriteLazy(name string, tensors []safetensors.Lazy, metadata map[string]string) error {
	return d.write(name, func(w io.Writer) error { return safetensors.WriteLazy(w, tensors, metadata) })
}

func (d *Dir) write(name string, content func(io.Writer) error) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("write %s: the name leads out of the folder", name)
	}
	path := filepath.Join(d.root, name)
	if err := atomicfile.MkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	f, err := atomicfile.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	sum := newSummer()
	err = content(io.MultiWriter(f, sum))
	if err == nil {
		err = f.Sync()
	}
	d.note(name, sum.checksum())
	return errors.Join(err, f.Close())
}

// syncTree brings the names of all files below root to the disk.
func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return atomicfile.SyncDir(path)
	})
}

// isCheckpoint tells a checkpoint folder, of a model or of an adapter, from others.
func isCheckpoint(dir string) bool {
	return isRegular(filepath.Join(dir, configName)) || isRegular(filepath.Join(dir, peft.ConfigName))
}

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// checkReplaceable refuses to replace what is no checkpoint: it may be somebody's home.
func checkReplaceable(path string) error {
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		if info, statErr := os.Stat(path); statErr == nil && !info.IsDir() {
			return errors.New("a file of that name is there: remove it or choose another folder")
		}
		return err
	case len(entries) > 0 && !isCheckpoint(path):
		return fmt.Errorf("the folder holds files but no %s, so it is no checkpoint to replace: choose another folder",
			configName)
	}
	return nil
}

// ReplaceFile gives the file at path, which is one of a run, a new content, at once. A link in its place is replaced.
func ReplaceFile(path string, data []byte) error {
	s, err := atomicfile.InnerSlot(path)
	if err != nil {
		return err
	}
	return s.Replace(data)
}

// checkpointAt reports whether path is a checkpoint folder. One that a killed process left aside is restored, one that
// is being replaced is waited for.
func checkpointAt(path string) (bool, error) {
	if isCheckpoint(path) {
		return true, nil
	}
	s, err := atomicfile.NewSlot(path)
	if err == nil {
		err = s.Restore()
	}
	return err == nil && isCheckpoint(path), err
}
