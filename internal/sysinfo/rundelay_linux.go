package sysinfo

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// RunDelay returns for how long the threads of this process have waited for a processor, all together, so far.
func RunDelay() (time.Duration, bool) {
	threads, err := filepath.Glob("/proc/self/task/*/schedstat")
	if err != nil || len(threads) == 0 { // the kernel does not count it
		return 0, false
	}
	var sum time.Duration
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil { // the thread has ended
			continue
		}
		var ran, delayed time.Duration // in nanoseconds
		if _, err := fmt.Sscan(string(text), &ran, &delayed); err != nil {
			return 0, false
		}
		sum += delayed
	}
	return sum, true
}
