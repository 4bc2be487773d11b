package checkpoints

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"t5train/internal/atomicfile"
)

// slot is where the files of an [atomicfile.Slot] are.
type slot struct{ path, parent, temp, old, lockFile string }

func slotOf(path string) slot {
	parent, hidden := filepath.Dir(path), filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	return slot{path, parent, hidden + ".t5train-tmp", hidden + ".t5train-old", hidden + ".t5train-lock"}
}

// place writes the checkpoint mark to path, a part of it if half is set.
func place(t *testing.T, path, mark string, half bool) {
	t.Helper()
	fill := checkpoint(mark)
	if half {
		fill = func(d *Dir) error { return d.WriteFile("trainer/state.json", []byte(mark)) }
	}
	if err := fill(&Dir{root: path}); err != nil {
		t.Fatal(err)
	}
}

// TestCrashPoints lays out each state in which a killed process can leave a folder and checks that each way
// back finds the good copy and drops the rest.
func TestCrashPoints(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T, s slot)
		want string // "": no copy was complete
	}{
		{"while the first is filled", func(t *testing.T, s slot) { place(t, s.temp, "v1", true) }, ""},
		{"before the first is renamed", func(t *testing.T, s slot) { place(t, s.temp, "v1", false) }, ""},
		{"while the second is filled",
			func(t *testing.T, s slot) { place(t, s.path, "v1", false); place(t, s.temp, "v2", true) }, "v1"},
		{"between the renames", func(t *testing.T, s slot) {
			place(t, s.old, "v1", false)
			place(t, s.temp, "v2", false)
		}, "v1"},
		{"before the old is removed",
			func(t *testing.T, s slot) { place(t, s.path, "v2", false); place(t, s.old, "v1", false) }, "v2"},
		{"while the old is removed",
			func(t *testing.T, s slot) { place(t, s.path, "v2", false); place(t, s.old, "v1", true) }, "v2"},
		{"with its lock", func(t *testing.T, s slot) {
			place(t, s.path, "v1", false)
			if err := os.WriteFile(s.lockFile, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "v1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			// crashed returns the run in the state to test and the folder of its checkpoints.
			crashed := func(t *testing.T) (output string, s slot) {
				output = t.TempDir()
				s = slotOf((&Run{filepath.Join(output, DirName)}).Dir(7))
				c.make(t, s)
				return output, s
			}
			t.Run("LockRun", func(t *testing.T) {
				output, s := crashed(t)
				unlock, err := LockRun(output)
				if err != nil {
					t.Fatal(err)
				}
				defer unlock()
				if c.want == "" {
					if got := entries(t, s.parent); got != "" {
						t.Errorf("left %q", got)
					}
					return
				}
				if got := entries(t, s.parent); got != "checkpoint-00000007" {
					t.Errorf("left %q", got)
				}
				if got := markOf(t, s.path); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
			t.Run("Create", func(t *testing.T) {
				_, s := crashed(t)
				err := Create(s.path, func(d *Dir) error {
					if there := isCheckpoint(s.path); there != (c.want != "") {
						t.Errorf("a good copy is there: %v, want %v", there, c.want != "")
					}
					return checkpoint("v3")(d)
				})
				if err != nil {
					t.Fatal(err)
				}
				if got := entries(t, s.parent); got != "checkpoint-00000007" || markOf(t, s.path) != "v3" {
					t.Errorf("left %q with %q", got, markOf(t, s.path))
				}
			})
			t.Run("Resolve", func(t *testing.T) {
				_, s := crashed(t)
				dir, _, err := Resolve(s.path)
				if c.want == "" {
					if err == nil {
						t.Errorf("found %s", dir)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := markOf(t, dir); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		})
	}
}

// killedWriter is set for the child process of TestKilledWriter: the folder to fill for ever.
const killedWriter = "T5TRAIN_TEST_KILLED_WRITER"

// TestKilledWriter kills a process in the middle of a save.
func TestKilledWriter(t *testing.T) {
	if dir := os.Getenv(killedWriter); dir != "" {
		t.Error(Create(dir, func(d *Dir) error {
			err := d.WriteFile("config.json", []byte("part"))
			os.Stdout.WriteString("filling\n")
			os.Stdin.Read(make([]byte, 1)) // until the parent kills this process
			return err
		}))
		return
	}
	root := t.TempDir()
	run := &Run{filepath.Join(root, DirName)}
	if err := run.Save(7, checkpoint("good")); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestKilledWriter$")
	child.Env = append(os.Environ(), killedWriter+"="+run.Dir(7))
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	const while = ".checkpoint-00000007.t5train-lock .checkpoint-00000007.t5train-tmp checkpoint-00000007 latest"
	if got := entries(t, run.dir); got != while {
		t.Errorf("while the child writes, the folder holds %q", got)
	}
	// A living writer is left alone.
	if err := atomicfile.RecoverAll(run.dir); err != nil {
		t.Error(err)
	}
	if got := entries(t, run.dir); got != while {
		t.Errorf("after RecoverAll beside a living writer, the folder holds %q", got)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()
	unlock, err := LockRun(root)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if got := entries(t, run.dir); got != "checkpoint-00000007 latest" || markOf(t, run.Dir(7)) != "good" {
		t.Errorf("after the child was killed, the folder holds %q", got)
	}
}

func TestReplaceFile(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "latest")
	if err := os.WriteFile(filepath.Join(root, ".latest"+".t5train-tmp"), []byte("of a killed process"),
		0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a", "b"} {
		if err := ReplaceFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("got %q, %v, want %q", got, err, text)
		}
	}
	if got := entries(t, root); got != "latest" {
		t.Errorf("left %q", got)
	}
}

// TestUnwritableFolder is about mode bits, which do not bind root.
func TestUnwritableFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write anywhere")
	}
	root := t.TempDir()
	if err := os.Chmod(root, 0o500); err != nil {
		t.Fatal(err)
	}
	err := Create(filepath.Join(root, "model"), checkpoint("new"))
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got error %v", err)
	}
}

// TestSwapUndoes makes the second rename fail.
func TestSwapUndoes(t *testing.T) {
	root := t.TempDir()
	s, err := atomicfile.NewSlot(filepath.Join(root, "model"))
	if err != nil {
		t.Fatal(err)
	}
	place(t, s.Path, "v1", false)
	if err := s.Swap(); !errors.Is(err, fs.ErrNotExist) { // there is no temp
		t.Errorf("got error %v", err)
	}
	if got := entries(t, root); got != "model" || markOf(t, s.Path) != "v1" {
		t.Errorf("the folder holds %q", got)
	}
}
