//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// unread reports whether f is a pipe whose other end is closed.
func unread(f *os.File) bool {
	fds := []unix.PollFd{{Fd: int32(f.Fd())}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&unix.POLLERR != 0
}
