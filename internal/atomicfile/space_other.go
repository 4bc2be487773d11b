//go:build !linux

package atomicfile

// Free is not known on this system.
func Free(string) (bytes int64, ok bool) { return 0, false }
