package checkpoints

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"t5train/checkpoints/safetensors"
)

// smallDisk mounts a file system of 256 KiB in memory, or skips the test where that is not permitted.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDisk saves until nothing fits.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t)
	run, err := OpenRun(disk)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Save(1, checkpoint("good")); err != nil {
		t.Fatal(err)
	}
	before := entries(t, run.dir)
	big := safetensors.FromFloat32("big", []int{1 << 18}, make([]float32, 1<<18))
	err = run.Save(2, func(d *Dir) error {
		return errors.Join(checkpoint("part")(d), d.WriteTensors("model.safetensors", []safetensors.Tensor{big}, nil))
	})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free some space or choose another folder") {
		t.Errorf("got error %v", err)
	}
	if got := entries(t, run.dir); got != before {
		t.Errorf("the folder holds %q, want %q", got, before)
	}
	if latest, _, err := run.Latest(); latest != 1 || err != nil || markOf(t, run.Dir(1)) != "good" {
		t.Errorf("latest %d, %v, want 1", latest, err)
	}
	if err := run.Save(2, checkpoint("small")); err != nil {
		t.Errorf("after the failed save: %v", err)
	}
}

// TestReadOnlyDisk binds root too.
func TestReadOnlyDisk(t *testing.T) {
	disk := smallDisk(t)
	run, err := OpenRun(disk)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Save(1, checkpoint("good")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skipf("remount: %v", err)
	}
	_, lockErr := LockRun(disk)
	_, newLockErr := LockRun(filepath.Join(disk, "new"))
	for _, c := range []struct {
		name string
		err  error
	}{
		{"LockRun", lockErr},
		{"LockRun of a new folder", newLockErr},
		{"Save", run.Save(2, checkpoint("new"))},
		{"SetBest", run.SetBest(1)},
		{"Create", Create(filepath.Join(disk, "model"), checkpoint("new"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !errors.Is(c.err, syscall.EROFS) ||
				!strings.Contains(c.err.Error(), "choose a folder on a file system that can be written") {
				t.Errorf("got error %v", c.err)
			}
		})
	}
	if dir, _, err := Resolve(disk); err != nil || markOf(t, dir) != "good" {
		t.Errorf("reading a read-only run: %v", err)
	}
}

// TestMountPoint is a folder that cannot be renamed: a volume of a container, say.
func TestMountPoint(t *testing.T) {
	disk := smallDisk(t)
	err := Create(disk, checkpoint("new"))
	if !errors.Is(err, syscall.EBUSY) || !strings.Contains(err.Error(), "choose a folder inside it") {
		t.Errorf("got error %v", err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(disk),
		"."+filepath.Base(disk)+".t5train-tmp")); !os.IsNotExist(err) {
		t.Error("left a temporary folder behind")
	}
}
