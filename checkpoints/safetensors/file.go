package safetensors

import (
	"fmt"

	"t5train/internal/mmap"
)

// File is an open safetensors file. Its methods but Close may be called at the same time.
type File struct {
	data     []byte
	unmap    func() error
	tensors  []Tensor
	index    map[string]int
	metadata map[string]string
}

// Open maps the file at path into memory and checks it: nothing is read but the header until a tensor is used. The file
// must not be changed in place while it is open; replacing it by a rename is safe. What reads tensors is for
// [mmap.Guard].
func Open(path string) (*File, error) {
	f, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return f, nil
}

func open(path string) (*File, error) {
	data, unmap, err := mmap.Open(path)
	if err != nil {
		return nil, err
	}
	var tensors []Tensor
	var metadata map[string]string
	err = mmap.Guard(func() (err error) {
		tensors, metadata, err = parse(data)
		return err
	})
	if err != nil {
		unmap()
		return nil, err
	}
	index := make(map[string]int, len(tensors))
	for i, t := range tensors {
		index[t.Name] = i
	}
	return &File{data, unmap, tensors, index, metadata}, nil
}

// Names returns the names of the tensors in the order of their data.
func (f *File) Names() []string {
	names := make([]string, len(f.tensors))
	for i, t := range f.tensors {
		names[i] = t.Name
	}
	return names
}

// Tensor returns the tensor of that name. It shares the file's memory.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, ok := f.index[name]
	if !ok {
		return Tensor{}, false
	}
	return f.tensors[i], true
}

// Metadata returns the header's free text, nil if there is none.
func (f *File) Metadata() map[string]string { return f.metadata }

// Size returns the bytes of the whole file.
func (f *File) Size() int { return len(f.data) }

// Close releases the memory: no Tensor of the file may be touched any more. A second Close does nothing.
func (f *File) Close() error {
	if f.unmap == nil {
		return nil
	}
	unmap := f.unmap
	f.data, f.unmap, f.tensors, f.index = nil, nil, nil, nil
	return unmap()
}
