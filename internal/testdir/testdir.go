// Package testdir says where tests put their files.
package testdir

import (
	"os"

	"t5train/internal/atomicfile"
)

const (
	memory = "/dev/shm"
	room   = 2 << 30 // bytes; the tests of a package need a few hundred megabytes at a time
)

// InMemory lets the temporary folders of a test process lie in memory, where there is a file system for that with room.
// A run flushes every file that it writes to the disk, which takes most of the time of tests with many short runs.
// It is called by TestMain. A TMPDIR that is set stays.
func InMemory() {
	free, ok := atomicfile.Free(memory)
	if os.Getenv("TMPDIR") != "" || !ok || free < room {
		return
	}
	if probe, err := os.MkdirTemp(memory, ""); err == nil {
		os.Remove(probe)
		os.Setenv("TMPDIR", memory)
	}
}
