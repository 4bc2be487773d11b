// Package pages gives memory for the large matrices of a model.
package pages

// Floats returns n zeros. Large ones lie on huge pages where the system has them for who asks (Linux), so that matrix
// products wait less for the translation of addresses.
func Floats(n int) []float32 {
	x := make([]float32, n)
	const least = 4 << 20 // bytes
	if 4*n >= least {
		useHugePages(x)
	}
	return x
}
