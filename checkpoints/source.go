package checkpoints

import (
	"fmt"
	"slices"

	"t5train/checkpoints/safetensors"
	"t5train/internal/mmap"
)

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

// Release lets the memory of a tensor go that has been read, so that no more of the file is in memory than is worked
// on. The tensor can be read again.
func (w *Weights) Release(name string) {
	if t, ok := w.Tensor(name); ok {
		mmap.Release(t.Data)
	}
}

// Int8 returns the elements of a tensor that is stored as I8. They share the file's memory until Close.
func (w *Weights) Int8(name string) ([]int8, bool) {
	t, ok := w.Tensor(name)
	if !ok {
		return nil, false
	}
	return t.Int8s()
}

// Equal reports whether two tensors of one shape hold the same elements, in memory that does not grow with them.
func (w *Weights) Equal(a, b string) (bool, error) {
	s, inA := w.Tensor(a)
	t, inB := w.Tensor(b)
	switch {
	case !inA || !inB:
		return false, fmt.Errorf("tensor %q or %q is not in the checkpoint", a, b)
	case !slices.Equal(s.Shape, t.Shape):
		return false, nil
	}
	return safetensors.Equal(s, t)
}
