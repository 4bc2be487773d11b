package sysinfo

import (
	"math"
	"syscall"
)

// addressSpace returns the limit of ulimit -v in bytes, 0 without one.
func addressSpace() int64 {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &r); err != nil || r.Cur > math.MaxInt64 {
		return 0
	}
	return int64(r.Cur)
}
