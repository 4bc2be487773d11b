//go:build !linux

package sysinfo

import "time"

// RunDelay is not known on this system.
func RunDelay() (time.Duration, bool) { return 0, false }
