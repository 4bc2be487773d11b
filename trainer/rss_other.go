//go:build !unix

package trainer

// peakRSS is not known on this system.
func peakRSS() float64 { return 0 }
