//go:build !linux

package dist

// processors names the set of processors that this process may use.
func processors() string { return "" }
