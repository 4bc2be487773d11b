//go:build unix

package sysinfo

import (
	"runtime"
	"syscall"
)

// PeakRSS returns the largest resident memory of this process in MB.
func PeakRSS() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" { // counts bytes, others kilobytes
		return float64(usage.Maxrss) / (1 << 20)
	}
	return float64(usage.Maxrss) / (1 << 10)
}
