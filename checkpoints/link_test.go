package checkpoints

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLockRunIsNotWrittenThroughALink(t *testing.T) {
	file, dir := filepath.Join(t.TempDir(), "precious"), t.TempDir()
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, runLockName)
	if err := os.Symlink(file, link); err != nil {
		t.Skip(err)
	}
	if _, err := LockRun(dir); err == nil || !strings.Contains(err.Error(), link+": it is a symbolic link") {
		t.Errorf("got %v, want an error that names the link", err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "precious" {
		t.Errorf("the file outside is %q, error %v", got, err)
	}
}

func TestSmallFilesHaveABound(t *testing.T) {
	t.Setenv("T5_MAX_READ_MB", "1")
	dir := t.TempDir()
	path := filepath.Join(dir, configName)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Skip(err)
	}
	if _, err := openWeights(dir); err == nil || !strings.Contains(err.Error(), "T5_MAX_READ_MB=1048576") {
		t.Errorf("got %v, want an error with the variable", err)
	}
}

// precious makes a folder with one checkpoint outside of a run, and check reports a change of it.
func precious(t *testing.T) (dir string, check func()) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "precious")
	if err := Create(dir, checkpoint("precious")); err != nil {
		t.Fatal(err)
	}
	return dir, func() {
		t.Helper()
		if got := markOf(t, dir); got != "precious" {
			t.Errorf("the folder outside is %q", got)
		}
		if got := entries(t, filepath.Dir(dir)); got != "precious" {
			t.Errorf("beside the folder outside there are %s", got)
		}
	}
}

func symlink(t *testing.T, target, link string) {
	t.Helper()
	if err := os.RemoveAll(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
}

// A link in place of a checkpoint, or of what is left beside it, is replaced or removed itself.
func TestRunLeavesWhatLinksName(t *testing.T) {
	for name, c := range map[string]struct {
		link string // below checkpoints
		act  func(*Run) error
	}{
		"save":  {stepName(2), func(r *Run) error { return r.Save(2, checkpoint("new")) }},
		"prune": {stepName(1), func(r *Run) error { return r.Prune(1) }},
		"clear": {stepName(1), (*Run).Clear},
		"half-written": {"." + stepName(2) + ".t5train-tmp", func(r *Run) error {
			return r.Save(2,
				checkpoint("new"))
		}},
		"aside": {"." + stepName(1) + ".t5train-old", func(r *Run) error {
			return r.Save(1,
				checkpoint("new"))
		}},
		"best":   {bestName, func(r *Run) error { return r.SetBest(1) }},
		"latest": {latestName, func(r *Run) error { return r.Save(2, checkpoint("new")) }},
	} {
		t.Run(name, func(t *testing.T) {
			output, run := runOf(t, 1, 3)
			dir, check := precious(t)
			link := filepath.Join(output, DirName, c.link)
			if c.link == bestName || c.link == latestName {
				dir = filepath.Join(dir, "config.json")
			}
			symlink(t, dir, link)
			if err := c.act(run); err != nil {
				t.Error(err)
			}
			check()
			if info, err := os.Lstat(link); err == nil && info.Mode()&os.ModeSymlink != 0 {
				t.Error("the link is there still")
			}
		})
	}
}

func TestLockRunLeavesWhatLinksName(t *testing.T) {
	output, _ := runOf(t, 1)
	dir, check := precious(t)
	symlink(t, dir, filepath.Join(output, DirName, "."+stepName(2)+".t5train-tmp"))
	unlock, err := LockRun(output)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	check()
}

// The folder of the checkpoints is not looked for elsewhere.
func TestCheckpointsBehindALink(t *testing.T) {
	for name, act := range map[string]func(output string, r *Run) error{
		"lock":  func(output string, _ *Run) error { _, err := LockRun(output); return err },
		"save":  func(_ string, r *Run) error { return r.Save(7, checkpoint("new")) },
		"best":  func(_ string, r *Run) error { return r.SetBest(1) },
		"prune": func(_ string, r *Run) error { return r.Prune(0) },
		"clear": func(_ string, r *Run) error { return r.Clear() },
	} {
		t.Run(name, func(t *testing.T) {
			elsewhere, _ := runOf(t, 1, 2)
			before := entries(t, filepath.Join(elsewhere, DirName))
			output, run := runOf(t)
			symlink(t, filepath.Join(elsewhere, DirName), filepath.Join(output, DirName))
			if err := act(output, run); err == nil ||
				!strings.Contains(err.Error(), DirName+": it is a symbolic link") {
				t.Errorf("got %v, want an error that names the link", err)
			}
			if after := entries(t, filepath.Join(elsewhere, DirName)); after != before {
				t.Errorf("elsewhere there are %s, want %s", after, before)
			}
		})
	}
}

// The folder of a run, and those above it, may be links of the user's.
func TestRunBehindALink(t *testing.T) {
	elsewhere, _ := runOf(t, 1)
	output := filepath.Join(t.TempDir(), "run")
	symlink(t, elsewhere, output)
	unlock, err := LockRun(output)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	run, err := OpenRun(output)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Save(2, checkpoint("new")); err != nil {
		t.Error(err)
	}
	wantSteps(t, run, 1, 2)
}

// OUTPUT/best and OUTPUT/latest open as folders, follow the run, and take the place of nothing that is the user's.
func TestLinksToCheckpoints(t *testing.T) {
	output := t.TempDir()
	run, err := OpenRun(output)
	if err != nil {
		t.Fatal(err)
	}
	check := func(name, want string) {
		t.Helper()
		got, err := os.ReadFile(filepath.Join(output, name, configName))
		if want == "" && os.IsNotExist(err) {
			return
		}
		to := filepath.Join(DirName, stepName(map[string]int{"one": 1, "two": 2}[want]))
		dir, readErr := os.Readlink(filepath.Join(output, name))
		if err != nil || readErr != nil || string(got) != want || dir != to {
			t.Errorf("%s is %s, which holds %q, %v, want %q", name, dir, got, err, want)
		}
	}
	save := func(step int, mark string) {
		t.Helper()
		if err := run.Save(step, checkpoint(mark)); err != nil {
			t.Fatal(err)
		}
	}
	save(1, "one")
	check(latestName, "one")
	check(bestName, "")
	if err := run.SetBest(1); err != nil {
		t.Fatal(err)
	}
	save(2, "two")
	check(latestName, "two")
	check(bestName, "one")
	if dir, _, err := Resolve(filepath.Join(output, bestName)); err != nil || dir != filepath.Join(output, bestName) {
		t.Errorf("the best is %s, %v", dir, err)
	}
	if err := run.Clear(); err != nil {
		t.Fatal(err)
	}
	check(latestName, "")
	if _, err := os.Lstat(filepath.Join(output, latestName)); !os.IsNotExist(err) {
		t.Errorf("a link is left: %v", err)
	}
	if err := os.WriteFile(filepath.Join(output, bestName), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	symlink(t, elsewhere, filepath.Join(output, latestName))
	save(1, "one")
	if target, err := os.Readlink(filepath.Join(output, latestName)); err != nil || target != elsewhere {
		t.Errorf("the user's link leads to %q, %v", target, err)
	}
	if err := run.SetBest(1); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(output, bestName)); err != nil || string(got) != "mine" {
		t.Errorf("the user's file holds %q, %v", got, err)
	}
}
