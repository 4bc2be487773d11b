package checkpoints

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"t5train/internal/atomicfile"
	"t5train/internal/bounded"
)

// DirName is the folder of a run that holds its checkpoints.
const DirName = "checkpoints"

// The names in it: see the package comment.
const (
	stepPrefix = "checkpoint-"
	latestName = "latest"
	bestName   = "best"
)

// Run is the checkpoints of one training run. Reading is safe while another process trains; a writer holds
// LockRun.
type Run struct{ dir string } // the folder that holds the checkpoint folders

// OpenRun returns the run in the folder output. It writes nothing; without the folder, the run is empty.
func OpenRun(output string) (*Run, error) {
	if info, err := os.Stat(output); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("open run %s: it is a file, want a folder", output)
	}
	return &Run{filepath.Join(output, DirName)}, nil
}

// Dir returns the folder of the checkpoint of that step, be it there or not.
func (r *Run) Dir(step int) string { return filepath.Join(r.dir, stepName(step)) }

// Save writes the checkpoint of step as Create does and makes it the latest.
func (r *Run) Save(step int, fill func(*Dir) error) error {
	if step < 0 {
		return fmt.Errorf("save checkpoint: step %d is negative", step)
	}
	s, err := r.slot(step)
	if err == nil {
		err = create(s, fill)
	}
	if err != nil {
		return fmt.Errorf("write checkpoint %s: %w", r.Dir(step), atomicfile.WithRemedy(err))
	}
	return r.point(latestName, step)
}

// SetBest makes the checkpoint of step, which must be there, the best.
func (r *Run) SetBest(step int) error { return r.point(bestName, step) }

// Steps returns the steps that have a checkpoint, in order.
func (r *Run) Steps() ([]int, error) {
	entries, err := os.ReadDir(r.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	var steps []int
	for _, entry := range entries {
		if step, ok := parseStepName(entry.Name()); ok && isCheckpoint(r.Dir(step)) {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps) // names of more than 8 digits sort otherwise
	return steps, nil
}

// Latest returns the step of the latest checkpoint: the one saved last, or, before that is noted down, the
// one of the highest step. ok is false if the run has none.
func (r *Run) Latest() (step int, ok bool, err error) {
	if step, ok, err = r.pointer(latestName); err != nil || ok {
		return step, ok, err
	}
	steps, err := r.Steps()
	if err != nil || len(steps) == 0 {
		return 0, false, err
	}
	return steps[len(steps)-1], true, nil
}

// Best returns the step that SetBest has marked. ok is false if none is.
func (r *Run) Best() (step int, ok bool, err error) { return r.pointer(bestName) }

// Prune removes all checkpoints but the keepLast of the highest steps, the latest and the best.
func (r *Run) Prune(keepLast int) error {
	if keepLast < 0 {
		return fmt.Errorf("prune checkpoints: got %d to keep, want at least 0", keepLast)
	}
	steps, err := r.Steps()
	if err != nil {
		return err
	}
	latest, hasLatest, err := r.Latest()
	if err != nil {
		return err
	}
	best, hasBest, err := r.Best()
	if err != nil {
		return err
	}
	for _, step := range steps[:max(0, len(steps)-keepLast)] {
		if hasLatest && step == latest || hasBest && step == best {
			continue
		}
		if err := r.remove(step); err != nil {
			return err
		}
	}
	return nil
}

// Clear removes all checkpoints, to make room for another run.
func (r *Run) Clear() error {
	if err := atomicfile.CheckNoLink(r.dir); err != nil {
		return fmt.Errorf("clear checkpoints: %w", err)
	}
	// The pointers go first: they must never name a folder that is gone.
	for _, name := range []string{bestName, latestName} {
		if link := r.linkPath(name); isLink(link) {
			os.Remove(link)
		}
		if err := atomicfile.Remove(filepath.Join(r.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clear checkpoints: %w", atomicfile.WithRemedy(err))
		}
	}
	steps, err := r.Steps()
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err := r.remove(step); err != nil {
			return err
		}
	}
	return nil
}

// slot returns the slot of the checkpoint of a step. Nothing is written or removed where links lead to.
func (r *Run) slot(step int) (atomicfile.Slot, error) {
	if err := atomicfile.CheckNoLink(r.dir); err != nil {
		return atomicfile.Slot{}, err
	}
	return atomicfile.InnerSlot(r.Dir(step))
}

// remove removes the checkpoint of a step.
func (r *Run) remove(step int) error {
	s, err := r.slot(step)
	if err == nil {
		err = s.Remove()
	}
	if err != nil {
		return fmt.Errorf("remove checkpoint %s: %w", r.Dir(step), atomicfile.WithRemedy(err))
	}
	return nil
}

// point writes a pointer file.
func (r *Run) point(name string, step int) error {
	path := filepath.Join(r.dir, name)
	if !isCheckpoint(r.Dir(step)) {
		return fmt.Errorf("write %s: there is no checkpoint %s", path, r.Dir(step))
	}
	err := atomicfile.CheckNoLink(r.dir)
	if err == nil {
		err = ReplaceFile(path, []byte(stepName(step)+"\n"))
	}
	if err == nil {
		r.link(name, step)
	}
	return atomicfile.WriteError(path, err)
}

// link makes OUTPUT/best and OUTPUT/latest links to a checkpoint, so that other programs open them as folders; a run is
// read by the pointer files. Where the system has no links there are none. What else is there is the user's.
func (r *Run) link(name string, step int) {
	path := r.linkPath(name)
	if atomicfile.Exists(path) && !isLink(path) {
		return
	}
	temp := filepath.Join(filepath.Dir(r.dir), "."+name+".t5train-link")
	os.Remove(temp) // of a killed process
	err := os.Symlink(filepath.Join(DirName, stepName(step)), temp)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		os.Remove(path) // rather none than one that leads to another checkpoint
	}
}

func (r *Run) linkPath(name string) string { return filepath.Join(filepath.Dir(r.dir), name) }

// isLink reports whether a path is a link as link makes them.
func isLink(path string) bool {
	target, err := os.Readlink(path)
	return err == nil && strings.HasPrefix(filepath.ToSlash(target), DirName+"/"+stepPrefix)
}

// pointer reads a pointer file and makes sure that its checkpoint is there.
func (r *Run) pointer(name string) (step int, ok bool, err error) {
	path := filepath.Join(r.dir, name)
	text, err := bounded.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read pointer: %w", err)
	}
	target := strings.TrimSpace(string(text))
	step, ok = parseStepName(target)
	if !ok {
		return 0, false, fmt.Errorf("read %s: got %.40q, want the name of a folder beside it such as %s: correct or "+
			"delete the file",
			path, target, stepName(500))
	}
	there, err := checkpointAt(r.Dir(step))
	switch {
	case err != nil:
		return 0, false, fmt.Errorf("read %s: %w", path, err)
	case !there:
		return 0, false, fmt.Errorf("read %s: it names %s, which is no checkpoint folder there: correct or delete "+
			"the file", path, target)
	}
	return step, true, nil
}

// stepName returns the folder name of a step: checkpoint-00000500.
func stepName(step int) string { return fmt.Sprintf("%s%08d", stepPrefix, step) }

// parseStepName is the inverse of stepName. Other spellings of the same number are not ours.
func parseStepName(name string) (step int, ok bool) {
	step, err := strconv.Atoi(strings.TrimPrefix(name, stepPrefix))
	return step, err == nil && step >= 0 && stepName(step) == name
}
