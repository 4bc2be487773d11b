//go:build !unix

package sysinfo

// PeakRSS is not known on this system.
func PeakRSS() float64 { return 0 }
