package checkpoints

import "fmt"

// Shape returns the shape of a tensor, which the caller must not change.
func (w *Weights) Shape(name string) ([]int, bool) {
	t, ok := w.Tensor(name)
	return t.Shape, ok
}

// CopyFloat32 writes a tensor to dst, which must have its number of elements, converting from the stored type.
func (w *Weights) CopyFloat32(name string, dst []float32) error {
	t, ok := w.Tensor(name)
	if !ok {
		return fmt.Errorf("tensor %q is not in the checkpoint", name)
	}
	return t.CopyFloat32(dst)
}
