package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"

	"t5train/checkpoints/safetensors"
)

// File is what a file of GGUF says of itself.
type File struct {
	Keys    []KV
	Tensors []Stored

	from io.ReaderAt
}

// Stored is a tensor of a file. Types other than those that are written have a number only.
type Stored struct {
	Name   string
	Type   Type
	Shape  []int // outermost dimension first
	offset int64 // in the file
}

// Read reads the keys and the list of tensors of a file of size bytes, of version 2 or 3. A value is of a type of
// [KV], or of the other numbers of GGUF, or a slice of them; an array of arrays is an error. Elements stay in the file,
// for [File.Float32]. What is damaged is an error, and takes no more than a few times the memory of the file.
func Read(from io.ReaderAt, size int64) (*File, error) {
	r := &reader{from: bufio.NewReader(io.NewSectionReader(from, 0, size)), left: size}
	f := &File{from: from}
	f.read(r)
	if r.err == nil {
		r.err = f.place(size, size-r.left)
	}
	if r.err != nil {
		return nil, fmt.Errorf("read GGUF: %w", r.err)
	}
	return f, nil
}

// Value returns the value of a key, nil where it is missing.
func (f *File) Value(key string) any {
	for _, kv := range f.Keys {
		if kv.Key == key {
			return kv.Value
		}
	}
	return nil
}

// Float32 returns the elements of a tensor of the file, row by row.
func (f *File) Float32(t Stored) ([]float32, error) {
	n, err := size(t.Type, t.Shape)
	if err != nil {
		return nil, fmt.Errorf("read tensor %.80q: %w", t.Name, err)
	}
	data := make([]byte, n) // place has seen that the file has them
	if _, err := io.ReadFull(io.NewSectionReader(f.from, t.offset, int64(n)), data); err != nil {
		return nil, fmt.Errorf("read tensor %.80q: %w", t.Name, err)
	}
	return decode(t.Type, data)
}

func (f *File) read(r *reader) {
	if start := r.take(4); string(start) != magic {
		r.fail(errors.New("it does not begin with GGUF, so it is no such file"))
	}
	if v := r.uint32(); v != 2 && v != version {
		r.fail(fmt.Errorf("it is of version %d, want 2 or 3, little-endian", v))
	}
	tensors := r.count(8 + 4 + 8 + 4 + 8)
	keys := r.count(8 + 4 + 1)
	seen := map[string]bool{}
	for range keys {
		key := r.string()
		if seen[key] {
			r.fail(fmt.Errorf("key %.80q is there twice", key))
		}
		seen[key] = true
		value := r.value(r.uint32())
		if r.err != nil {
			r.err = fmt.Errorf("key %.80q: %w", key, r.err)
			return
		}
		f.Keys = append(f.Keys, KV{key, value})
	}
	clear(seen)
	for range tensors {
		t := Stored{Name: r.string()}
		n := r.uint32()
		if r.err == nil && (n < 1 || n > maxDimensions) {
			r.fail(fmt.Errorf("it has %d dimensions, want 1 to %d", n, maxDimensions))
		}
		for range min(n, maxDimensions) {
			d := r.uint64()
			if r.err == nil && (d < 1 || d > math.MaxInt32) {
				r.fail(fmt.Errorf("a dimension is %d, want 1 to %d", d, math.MaxInt32))
			}
			t.Shape = append([]int{int(d)}, t.Shape...)
		}
		t.Type, t.offset = Type(r.uint32()), int64(r.uint64())
		if seen[t.Name] {
			r.fail(errors.New("it is there twice"))
		}
		seen[t.Name] = true
		if r.err != nil {
			r.err = fmt.Errorf("tensor %.80q: %w", t.Name, r.err)
			return
		}
		f.Tensors = append(f.Tensors, t)
	}
}

// place finds where tensors begin, behind a header of some bytes, and that the file has all of each.
func (f *File) place(bytes, header int64) error {
	alignment := int64(Alignment)
	if v := f.Value("general.alignment"); v != nil {
		n, ok := v.(uint32)
		if !ok || n < 1 || n > 1<<20 {
			return fmt.Errorf("general.alignment is %v, want 1 to %d", v, 1<<20)
		}
		alignment = int64(n)
	}
	start := (header + alignment - 1) / alignment * alignment
	for i := range f.Tensors {
		t := &f.Tensors[i]
		n := 0
		if _, _, known := t.Type.block(); known {
			var err error
			if n, err = size(t.Type, t.Shape); err != nil {
				return fmt.Errorf("tensor %.80q: %w", t.Name, err)
			}
		}
		if t.offset < 0 || t.offset > bytes-start || int64(n) > bytes-start-t.offset {
			return fmt.Errorf("tensor %.80q ends behind the end of the file: copy the whole file again", t.Name)
		}
		t.offset += start
	}
	return nil
}

// decode returns elements of a type.
func decode(t Type, data []byte) ([]float32, error) {
	if t != Q8_0 {
		return safetensors.Tensor{DType: floatTypes[t], Data: data}.Float32()
	}
	values := make([]float32, 0, len(data)/(2+BlockSize)*BlockSize)
	for ; len(data) > 0; data = data[2+BlockSize:] {
		scale, err := decode(F16, data[:2])
		if err != nil {
			return nil, err
		}
		for _, b := range data[2 : 2+BlockSize] {
			values = append(values, scale[0]*float32(int8(b)))
		}
	}
	return values, nil
}

// reader reads a header. After the first error it gives zeros.
type reader struct {
	from *bufio.Reader
	left int64
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// take returns the next n bytes, or fewer after an error.
func (r *reader) take(n int64) []byte {
	if n > r.left {
		r.fail(errors.New("the file ends too early: copy the whole file again"))
	}
	if r.err != nil {
		return nil
	}
	data := make([]byte, n)
	_, err := io.ReadFull(r.from, data)
	if err != nil {
		r.fail(err)
	}
	r.left -= n
	return data
}

func (r *reader) uint32() uint32 {
	if data := r.take(4); r.err == nil {
		return binary.LittleEndian.Uint32(data)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if data := r.take(8); r.err == nil {
		return binary.LittleEndian.Uint64(data)
	}
	return 0
}

// count returns a number of things that have at least so many bytes each.
func (r *reader) count(least int64) int {
	n := r.uint64()
	if n > uint64(r.left/least) {
		r.fail(errors.New("the file ends too early: copy the whole file again"))
		return 0
	}
	return int(n)
}

func (r *reader) string() string { return string(r.take(int64(r.count(1)))) }

// value returns a value of a type.
func (r *reader) value(t uint32) any {
	switch t {
	case typeString:
		return r.string()
	case typeArray:
		return r.array(r.uint32())
	}
	if one := reflect.ValueOf(r.numbers(t, 1)); r.err == nil {
		return one.Index(0).Interface()
	}
	return nil
}

// array returns a slice of elements of a type.
func (r *reader) array(t uint32) any {
	switch t {
	case typeString:
		texts := make([]string, r.count(8))
		for i := range texts {
			texts[i] = r.string()
		}
		return texts
	case typeArray:
		r.fail(errors.New("it is an array of arrays, which is not read"))
		return nil
	}
	return r.numbers(t, r.count(1))
}

// numbers returns a slice of n numbers of a type.
func (r *reader) numbers(t uint32, n int) any {
	switch t {
	case typeUint8:
		return list[uint8](r, n)
	case typeInt8:
		return list[int8](r, n)
	case typeUint16:
		return list[uint16](r, n)
	case typeInt16:
		return list[int16](r, n)
	case typeUint32:
		return list[uint32](r, n)
	case typeInt32:
		return list[int32](r, n)
	case typeFloat32:
		return list[float32](r, n)
	case typeBool:
		return list[bool](r, n)
	case typeUint64:
		return list[uint64](r, n)
	case typeInt64:
		return list[int64](r, n)
	case typeFloat64:
		return list[float64](r, n)
	}
	r.fail(fmt.Errorf("type %d of a value is not known", t))
	return nil
}

func list[T any](r *reader, n int) []T {
	data := r.take(int64(n) * int64(binary.Size(*new(T)))) // n is no more than the bytes of the file
	if r.err != nil {
		return nil
	}
	values := make([]T, n)
	if _, err := binary.Decode(data, binary.LittleEndian, values); err != nil {
		r.fail(err)
	}
	return values
}
