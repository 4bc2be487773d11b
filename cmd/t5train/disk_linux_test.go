package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// TestDisks runs scripts on disks that are full or read-only, where a test may mount some.
func TestDisks(t *testing.T) {
	probe := t.TempDir()
	if err := unix.Mount("tmpfs", probe, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("mount: %v", err)
	}
	if err := unix.Unmount(probe, 0); err != nil {
		t.Fatal(err)
	}
	runScripts(t, "testdata/disk",
		map[string]func(*testscript.TestScript, bool, []string){"disk": disk, "readonly": readOnly})
}

// disk mounts a file system of a size in memory until the end of the script:
//
//	disk small 1m
func disk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: disk folder size")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(unix.Mkdir(dir, 0o700))
	ts.Check(unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]))
	ts.Defer(func() { ts.Check(unix.Unmount(dir, unix.MNT_DETACH)) })
}

// readOnly forbids to write on a disk, which binds root too:
//
//	readonly small
func readOnly(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: readonly folder")
	}
	ts.Check(unix.Mount("tmpfs", ts.MkAbs(args[0]), "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
}
