//go:build !unix

package main

import "os"

// unread is not known on this system.
func unread(*os.File) bool { return false }
