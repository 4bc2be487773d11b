//go:build !amd64

package kernel

// available lists the vector kernels of this processor: none are written for it yet.
func available() []*isa { return nil }
