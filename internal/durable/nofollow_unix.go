//go:build unix

package durable

import "syscall"

// noFollow makes the open of a symbolic link fail.
const noFollow = syscall.O_NOFOLLOW
