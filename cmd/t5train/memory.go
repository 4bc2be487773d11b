package main

import (
	"os"
	"runtime/debug"
)

// collectEarly lets the garbage collector run when garbage is a fifth of what is in use, and not first when it is as much
// again. The memory of training and generation is a few large arrays without pointers, which cost the collector next to
// nothing, so the peak is lower for free. The environment variable GOGC outranks it.
func collectEarly() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(20)
	}
}
