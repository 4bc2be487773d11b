//go:build unix

package atomicfile

import (
	"syscall"
)

// noFollow makes the open of a symbolic link fail.
const noFollow = syscall.O_NOFOLLOW
