//go:build !linux

package trainer

import "time"

// runDelay is not known on this system.
func runDelay() (time.Duration, bool) { return 0, false }
