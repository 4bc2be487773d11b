package checkpoints

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"t5train/checkpoints/builtin"
	"t5train/checkpoints/hub"
)

// Resolve finds the checkpoint folder that path means: a folder with a config.json means itself, a run folder
// its best checkpoint, or its latest if none is marked, the name of a built-in model the folder that [builtin.Folder]
// gives it, and that of a model of the hub, where no folder has it, its snapshot in the cache of Hugging Face (see
// [hub.Find]). Nothing is downloaded. how says in words which one it is, for example "best checkpoint of runs/sms, step
// 500".
// The folder of an adapter, which is no model, is an error: see [Find].
func Resolve(path string) (dir, how string, err error) {
	dir, how, err = Find(path)
	if err == nil && IsAdapter(dir) {
		err = fmt.Errorf("find checkpoint %s: %w", path, adapterError(dir))
	}
	if err != nil {
		return "", "", err
	}
	return dir, how, nil
}

// Find is Resolve for models and adapters.
func Find(path string) (dir, how string, err error) {
	dir, how, err = resolve(path)
	if err != nil {
		return "", "", fmt.Errorf("find checkpoint %s: %w", path, err)
	}
	return dir, how, nil
}

func resolve(path string) (dir, how string, err error) {
	if builtin.IsName(path) {
		dir, err := builtin.Folder(path)
		return dir, "built-in model " + path, err
	}
	if ok, err := checkpointAt(path); err != nil {
		return "", "", err
	} else if ok {
		return path, "checkpoint folder " + path, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return inCache(path)
	case err != nil:
		return "", "", err
	case !info.IsDir():
		return "", "", fmt.Errorf("it is a file, want a checkpoint folder or a run folder%s",
			nearby(filepath.Dir(path)))
	}
	// A run folder, or its folder of checkpoints.
	for _, runDir := range []string{filepath.Join(path, DirName), path} {
		run := &Run{runDir}
		step, ok, err := run.Best()
		kind := "best"
		if err == nil && !ok {
			step, ok, err = run.Latest()
			kind = "latest"
		}
		if err != nil {
			return "", "", err
		}
		if ok {
			return run.Dir(step), fmt.Sprintf("%s checkpoint of %s, step %d", kind, path, step), nil
		}
	}
	return "", "", fmt.Errorf("it holds no %s (a checkpoint) and no %s/%s* (a run)%s", configName, DirName, stepPrefix,
		nearby(path))
}

// inCache finds a path that is no folder as the name of a model in the cache of Hugging Face.
func inCache(path string) (dir, how string, err error) {
	name, ok := hub.ParseName(path)
	if !ok {
		return "", "", fmt.Errorf("there is no such folder%s", nearby(filepath.Dir(path)))
	}
	dir, how, err = hub.Find(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(name.SameName()) > 0:
		return "", "", fmt.Errorf("there is no such folder, and names of the cache of Hugging Face begin with ORG/: "+
			"name %s", strings.Join(name.SameName(), " or "))
	case errors.Is(err, fs.ErrNotExist):
		return "", "", fmt.Errorf("%s%s", hub.Absent(), nearby(filepath.Dir(path)))
	case err == nil && !isCheckpoint(dir):
		err = fmt.Errorf("%s has no %s: download it again with t5train pull", how, configName)
	}
	return dir, how, err
}

// nearby says which checkpoint folders lie in dir, at most two folders deep.
func nearby(dir string) string {
	const maxFound, maxSeen = 8, 2000 // a hint: not worth a walk through a whole disk
	var found []string
	seen := 0
	filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if seen++; len(found) == maxFound || seen == maxSeen {
			return fs.SkipAll
		}
		below, relErr := filepath.Rel(dir, path)
		if err != nil || relErr != nil || !entry.IsDir() {
			return nil // a folder that cannot be read is no reason to fail
		}
		if path != dir && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		if isCheckpoint(path) {
			found = append(found, path)
			return fs.SkipDir
		}
		if strings.Count(below, string(filepath.Separator)) >= 1 {
			return fs.SkipDir
		}
		return nil
	})
	if len(found) == 0 {
		return ""
	}
	return "; checkpoint folders nearby: " + strings.Join(found, ", ")
}
