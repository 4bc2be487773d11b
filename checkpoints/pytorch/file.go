package pytorch

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"t5train/checkpoints/safetensors"
	"t5train/internal/lfs"
	"t5train/internal/mmap"
)

// File is an open file of weights. Its methods but Close may be called at the same time.
type File struct {
	data    []byte
	unmap   func() error
	tensors []safetensors.Tensor
	index   map[string]int
}

// Open maps the file at path into memory and reads its pickle; the numbers are read when they are used. The file must
// not be changed in place while it is open. What reads tensors is for [mmap.Guard].
//
// Tensors whose elements do not lie row by row, such as transposed ones, are copied; all copies together have at most
// the size of the file.
func Open(path string) (*File, error) {
	data, unmap, err := mmap.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	f := &File{data: data, unmap: unmap, index: map[string]int{}}
	err = mmap.Guard(func() error {
		f.tensors, err = parse(data)
		return err
	})
	if err != nil {
		unmap()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	for i, t := range f.tensors {
		f.index[t.Name] = i
	}
	return f, nil
}

// parse reads the tensors of a file.
func parse(data []byte) ([]safetensors.Tensor, error) {
	if err := lfs.Check(data); err != nil {
		return nil, err
	}
	var root any
	var err error
	switch {
	case bytes.HasPrefix(data, []byte("PK")):
		root, err = readZip(data)
	case len(data) > 0 && data[0] == 0x80:
		root, err = readLegacy(data)
	default:
		err = errors.New("it is no file that torch.save writes: copy or download it again")
	}
	if err != nil {
		return nil, err
	}
	weights, ok := root.(*dict)
	if !ok {
		return nil, fmt.Errorf("it holds %s, want a dictionary of tensors", kind(root))
	}
	var tensors []safetensors.Tensor
	copies := 0
	for _, name := range weights.names {
		t, ok := weights.values[name].(*tensor)
		if !ok {
			return nil, fmt.Errorf("%.80q is %s, want a tensor: it is no file of weights alone", name,
				kind(weights.values[name]))
		}
		if !t.contiguous() {
			if copies += t.elements() * t.storage.dtype.Size(); copies > len(data) {
				return nil, errors.New("tensors that do not lie row by row are together larger than the file")
			}
		}
		tensors = append(tensors, t.named(name))
	}
	return tensors, nil
}

// magic is the number that begins the format of PyTorch below 1.6, 0x1950a86a20f9469cfc6c.
const magic long = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"

// readLegacy reads five pickles, magic, version, system, weights and the keys of the storages, and behind them for each
// key the number of elements, in 8 bytes, and the elements.
func readLegacy(data []byte) (any, error) {
	found := storages{}
	m := machine{in: data, storage: found.of}
	var parts [5]any
	for i := range parts {
		var err error
		if parts[i], err = m.run(); err != nil {
			return nil, err
		}
		if i == 0 && parts[i] != magic {
			return nil, errors.New("it is a pickle, but none that torch.save writes")
		}
	}
	if system, ok := parts[2].(*dict); !ok || system.values["little_endian"] != true {
		return nil, errors.New("it was written by a big-endian machine, which is not supported")
	}
	keys, ok := parts[4].(*list)
	if !ok {
		return nil, fmt.Errorf("the keys of the storages are %s, want a list", kind(parts[4]))
	}
	read := 0
	for _, item := range keys.items {
		key, _ := item.(string)
		s := found[key]
		if s == nil || s.data != nil {
			return nil, fmt.Errorf("the storage %.40q belongs to no tensor, or is there twice", key)
		}
		n, err := m.size(8)
		if err == nil && n != uint64(s.elements) {
			err = fmt.Errorf("the storage %.40q has %d elements, want %d", key, n, s.elements)
		}
		if err == nil {
			s.data, err = m.take(uint64(s.elements * s.dtype.Size()))
		}
		if err != nil {
			return nil, err
		}
		read++
	}
	if read != len(found) {
		return nil, errors.New("the numbers of a tensor are missing: copy or download the file again")
	}
	return parts[3], nil
}

// Names returns the names of the tensors in their order.
func (f *File) Names() []string {
	names := make([]string, len(f.tensors))
	for i, t := range f.tensors {
		names[i] = t.Name
	}
	return names
}

// Tensor returns the tensor of that name. It shares the file's memory.
func (f *File) Tensor(name string) (safetensors.Tensor, bool) {
	i, ok := f.index[name]
	if !ok {
		return safetensors.Tensor{}, false
	}
	return f.tensors[i], true
}

// Check reads the whole file: it writes it to sum, if that is not nil, and returns a [safetensors.ErrNotFinite] that
// names the first tensor with an element that is NaN or infinite as a float32.
func (f *File) Check(sum io.Writer) error {
	var bad error
	err := mmap.Guard(func() error {
		const part = 1 << 20
		for from := 0; sum != nil && from < len(f.data); from += part {
			data := f.data[from:min(from+part, len(f.data))]
			sum.Write(data) // of checksums, which do not fail
			mmap.Release(data)
		}
		for _, t := range f.tensors {
			if bad == nil {
				bad = t.CheckFinite()
			}
		}
		return nil
	})
	return errors.Join(err, bad)
}

// Close releases the memory: no tensor of the file may be touched any more. A second Close does nothing.
func (f *File) Close() error {
	if f.unmap == nil {
		return nil
	}
	unmap := f.unmap
	f.data, f.unmap, f.tensors, f.index = nil, nil, nil, nil
	return unmap()
}
