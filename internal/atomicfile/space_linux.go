package atomicfile

import (
	"syscall"
)

// Free returns the bytes that this user may still write in a folder; ok is false where that is not known.
func Free(dir string) (bytes int64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil || s.Blocks == 0 { // some file systems count nothing
		return 0, false
	}
	return int64(s.Bavail) * s.Bsize, true
}
