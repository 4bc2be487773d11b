package floats

import "math"

// IsFinite reports whether x is neither NaN nor an infinity.
func IsFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
