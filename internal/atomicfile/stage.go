package atomicfile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"t5train/internal/bounded"
)

// The names in a folder whose files are replaced together.
const (
	stageName   = ".t5train-part"    // holds files that are not complete
	publishName = ".t5train-publish" // was the stage, since all files are complete
	journalName = "publish.json"     // in it
	stageLock   = ".t5train-lock"
)

// Stage is a hidden folder in which files are written that shall get their places in the folder around it together, in
// place of others:
//
//	                                 folder     stage        publish
//	write, sync                      old files  new files    -
//	rename stage to publish          old files  -            new files
//	remove old, rename new           some of either, never both  the rest
//	remove publish                   new files  -            -
//
// Before the first rename nothing has happened; from then on Settle, or the next Stage, finishes what is left to do.
// Old files go before new ones come, so a reader that knows nothing of this never finds both.
type Stage struct {
	Recovered []string // files that the stage of a killed process has left to publish, which has been done
	dir       string
	made      []string // folders that were not there before, the innermost first
	release   func()
}

// journal says which files of a folder are published, and which go.
type journal struct{ Files, Replaced []string }

// OpenStage makes the stage of the folder dir, and the folder itself where it is missing. One that a killed process
// left is cleared.
func OpenStage(dir string) (*Stage, error) {
	s, err := openStage(dir)
	if errors.Is(err, ErrLocked) {
		err = errors.New("another process writes there: wait for it, or choose another run.output")
	}
	return s, WriteError(dir, err)
}

func openStage(dir string) (s *Stage, err error) {
	s = &Stage{dir: dir, release: func() {}}
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		s.made = append(s.made, at)
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if err = MkdirAll(dir); err != nil {
		return s, err
	}
	if s.release, err = TryLock(filepath.Join(dir, stageLock)); err != nil {
		s.release = func() {}
		return s, err
	}
	if s.Recovered, err = finish(dir); err != nil {
		return s, err
	}
	if err = RemoveAll(s.Path("")); err != nil {
		return s, err
	}
	return s, Mkdir(s.Path(""))
}

// Path returns the path of a file in the stage.
func (s *Stage) Path(name string) string { return filepath.Join(s.dir, stageName, name) }

// Publish gives the named files of the stage, which are on the disk, their places in the folder, in place of the
// replaced ones. Should that fail midway, it is made up for by the next OpenStage or Settle.
func (s *Stage) Publish(names, replaced []string) error {
	return WriteError(s.dir, s.publish(names, replaced))
}

func (s *Stage) publish(names, replaced []string) error {
	for _, name := range slices.Concat(names, replaced) { // nothing has happened yet
		if info, err := os.Lstat(filepath.Join(s.dir, name)); err == nil && info.IsDir() {
			return fmt.Errorf("%s is a folder: choose another output, or rename it", filepath.Join(s.dir, name))
		}
	}
	text, err := json.Marshal(journal{names, replaced})
	if err != nil {
		return err
	}
	if err := writeFile(s.Path(journalName), text); err != nil {
		return err
	}
	if err := SyncDir(s.Path("")); err != nil {
		return err
	}
	if err := Move(s.Path(""), filepath.Join(s.dir, publishName)); err != nil {
		return err
	}
	s.made = nil
	_, err = finish(s.dir)
	return err
}

// Close removes what has not been published, and the folder if it was made for that.
func (s *Stage) Close() error {
	err := RemoveAll(s.Path(""))
	s.release()
	for _, dir := range s.made {
		Remove(dir) // fails, as it should, when something is in it
	}
	return err
}

// settleTime is far more than it takes to publish files.
const settleTime = 10 * time.Second

// Settle sees to it that the files of a folder are of one set before they are read: it finishes what a killed process
// has begun to publish, and waits for one that is about it. path is a folder, a file or a pattern of either.
func Settle(path string) error {
	for _, dir := range []string{path, filepath.Dir(path)} {
		found, _ := filepath.Glob(filepath.Join(dir, publishName)) // nothing of what is no pattern
		if publish := filepath.Join(dir, publishName); found == nil && Exists(publish) {
			found = []string{publish}
		}
		for _, publish := range found {
			if err := settle(filepath.Dir(publish)); err != nil {
				return err
			}
		}
	}
	return nil
}

func settle(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	release, err := Lock(ctx, filepath.Join(dir, stageLock))
	if err == nil {
		defer release()
		_, err = finish(dir)
	}
	if err != nil {
		return fmt.Errorf("%s: a command was killed while it replaced files there, and %s holds the rest of the new "+
			"ones: run that command again: %w", dir, publishName, WithRemedy(err))
	}
	return nil
}

// Exists reports whether something has that name, be it a link that leads nowhere.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// finish publishes what a folder has to publish, and returns the names. The lock must be held.
func finish(dir string) (names []string, err error) {
	publish := filepath.Join(dir, publishName)
	if err := CheckNoLink(publish); err != nil {
		return nil, err
	}
	text, err := bounded.ReadFile(filepath.Join(publish, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, RemoveAll(publish) // all was done but this
	}
	if err != nil {
		return nil, err
	}
	var j journal
	if err := json.Unmarshal(text, &j); err != nil {
		return nil, fmt.Errorf("read %s: %w: remove %s", journalName, err, publish)
	}
	for _, name := range slices.Concat(j.Files, j.Replaced) {
		if !filepath.IsLocal(name) || filepath.Base(name) != name || name == "." {
			return nil, fmt.Errorf("read %s: it names %q, which is no file of the folder: remove %s", journalName, name,
				publish)
		}
	}
	var left []string // to be published
	for _, name := range j.Files {
		if Exists(filepath.Join(publish, name)) {
			left = append(left, name)
		}
	}
	only := len(j.Files) == 1 && slices.Equal(j.Replaced, j.Files) // a rename replaces it at once
	for _, name := range j.Replaced {
		if only || slices.Contains(j.Files, name) && !slices.Contains(left, name) { // the new one has its place
			continue
		}
		if err := Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if err := SyncDir(dir); err != nil {
		return nil, err
	}
	for _, name := range left {
		if err := Rename(filepath.Join(publish, name), filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	if err := SyncDir(dir); err != nil {
		return nil, err
	}
	if err := Remove(filepath.Join(publish, journalName)); err != nil {
		return nil, err
	}
	return j.Files, RemoveAll(publish)
}
