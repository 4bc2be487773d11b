package safetensors

// LazyOf returns the tensors as they are.
func LazyOf(tensors []Tensor) []Lazy {
	all := make([]Lazy, len(tensors))
	for i, t := range tensors {
		all[i] = t.Lazy()
	}
	return all
}
