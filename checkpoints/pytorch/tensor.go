package pytorch

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"t5train/checkpoints/safetensors"
)

// The functions and classes that weights need, beside the storages.
var (
	orderedDict = class{"collections", "OrderedDict"}
	tensorV1    = class{"torch._utils", "_rebuild_tensor"}
	tensorV2    = class{"torch._utils", "_rebuild_tensor_v2"}
	parameter   = class{"torch._utils", "_rebuild_parameter"}
)

// storageTypes are the classes of storages, without their ending.
var storageTypes = map[string]safetensors.DType{
	"Float": safetensors.F32, "Half": safetensors.F16, "BFloat16": safetensors.BF16, "Double": safetensors.F64,
	"Long": safetensors.I64, "Int": safetensors.I32, "Short": safetensors.I16, "Char": safetensors.I8,
	"Byte": safetensors.U8, "Bool": safetensors.Bool,
}

// dtype returns the type of the elements of a class of storages.
func (c class) dtype() (t safetensors.DType, ok bool) {
	name, isStorage := strings.CutSuffix(c.name, "Storage")
	t, ok = storageTypes[name]
	return t, ok && isStorage && (c.module == "torch" || c.module == "torch.cuda")
}

// storage is a row of numbers, of which tensors are views.
type storage struct {
	dtype    safetensors.DType
	elements int
	data     []byte // that the machine does not need
}

// tensor is a view of a storage. Offset and strides are in elements.
type tensor struct {
	storage       *storage
	offset        int
	shape, stride []int
}

// storages are those of a file by their keys.
type storages map[string]*storage

// of returns the storage that a persistent id means: ("storage", class, key, place, elements).
func (s storages) of(id tuple) (*storage, error) {
	if len(id) == 6 && id[5] == nil { // PyTorch below 1.6: a view of another storage, which is no longer written
		id = id[:5]
	}
	if len(id) != 5 || id[0] != "storage" {
		return nil, errors.New("the id of a storage has another form than PyTorch gives it")
	}
	c, _ := id[1].(class)
	dtype, ok := c.dtype()
	key, isText := id[2].(string)
	n, isInt := id[4].(int)
	if !ok || !isText || !isInt || n < 0 || n > math.MaxInt/16 {
		return nil, errors.New("the id of a storage has another form than PyTorch gives it")
	}
	if have := s[key]; have != nil {
		if have.dtype != dtype || have.elements != n {
			return nil, fmt.Errorf("storage %.40q is of %d %s and of %d %s", key, have.elements, have.dtype, n, dtype)
		}
		return have, nil
	}
	s[key] = &storage{dtype: dtype, elements: n}
	return s[key], nil
}

// rebuild makes a tensor of the arguments storage, offset, shape, stride, ...
func rebuild(args tuple) (*tensor, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("a tensor of %d arguments", len(args))
	}
	t := &tensor{}
	var isStorage, isInt bool
	t.storage, isStorage = args[0].(*storage)
	t.offset, isInt = args[1].(int)
	shape, errShape := integers(args[2])
	stride, errStride := integers(args[3])
	if err := errors.Join(errShape, errStride); err != nil {
		return nil, err
	}
	if t.shape, t.stride = shape, stride; !isStorage || !isInt || len(shape) != len(stride) {
		return nil, errors.New("a tensor of other arguments than PyTorch gives it")
	}
	return t, t.check()
}

func integers(v any) ([]int, error) {
	items, ok := v.(tuple)
	if !ok || len(items) > 64 {
		return nil, errors.New("the shape of a tensor is no tuple of at most 64 numbers")
	}
	list := make([]int, len(items))
	for i, item := range items {
		n, ok := item.(int)
		if !ok || n < 0 {
			return nil, errors.New("the shape of a tensor has something else than numbers from 0")
		}
		list[i] = n
	}
	return list, nil
}

// check makes sure that all elements lie in the storage, and that a tensor has no more of them than the storage.
func (t *tensor) check() error {
	n, last := 1, t.offset // the last element
	for i, size := range t.shape {
		var over, high uint
		high, low := bits.Mul(uint(n), uint(size))
		over |= high
		n = int(low)
		high, low = bits.Mul(uint(max(size, 1)-1), uint(t.stride[i]))
		over |= high
		if last += int(low); over != 0 || int(low) < 0 || n < 0 || last < 0 {
			n, last = math.MaxInt, math.MaxInt
			break
		}
	}
	if t.offset < 0 || n > t.storage.elements || n > 0 && last >= t.storage.elements {
		return fmt.Errorf("a tensor of shape %v, strides %v and offset %d does not fit its storage of %d elements",
			t.shape, t.stride, t.offset, t.storage.elements)
	}
	return nil
}

// elements returns the number of elements.
func (t *tensor) elements() int {
	n := 1
	for _, size := range t.shape {
		n *= size
	}
	return n
}

// contiguous reports whether the elements lie in the storage as safetensors has them, row by row.
func (t *tensor) contiguous() bool {
	want := 1
	for i, size := range slices.Backward(t.shape) {
		if size != 1 && t.stride[i] != want {
			return false
		}
		want *= size
	}
	return true
}

// named returns a tensor with its elements row by row: those of the storage, or copies of them.
func (t *tensor) named(name string) safetensors.Tensor {
	named := safetensors.Tensor{Name: name, DType: t.storage.dtype, Shape: t.shape}
	size := t.storage.dtype.Size()
	n := t.elements()
	switch {
	case n == 0:
		named.Data = []byte{}
		return named
	case t.contiguous():
		named.Data = t.storage.data[t.offset*size:][:n*size]
		return named
	}
	named.Data = make([]byte, 0, n*size)
	at := make([]int, len(t.shape))
	for from := t.offset; ; {
		named.Data = append(named.Data, t.storage.data[from*size:(from+1)*size]...)
		d := len(at) - 1
		for ; d >= 0; d-- {
			if at[d]++; at[d] < t.shape[d] {
				from += t.stride[d]
				break
			}
			from -= (t.shape[d] - 1) * t.stride[d]
			at[d] = 0
		}
		if d < 0 {
			return named
		}
	}
}
