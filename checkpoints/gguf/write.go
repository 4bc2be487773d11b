package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"t5train/internal/counted"
)

// KV is a key of the metadata with its value: a uint32, int32, float32, bool or string, or a slice of uint8, int32,
// float32 or string.
type KV struct {
	Key   string
	Value any
}

// The enum gguf_metadata_value_type.
const (
	typeUint8 = iota
	typeInt8
	typeUint16
	typeInt16
	typeUint32
	typeInt32
	typeFloat32
	typeBool
	typeString
	typeArray
	typeUint64
	typeInt64
	typeFloat64
)

// Write writes a file with the keys and the tensors in this order. No more of a tensor is in memory than is worked on.
// A weight that is not finite, or becomes so in the type of its tensor, is an error; what has been written then is no
// file.
func Write(w io.Writer, keys []KV, tensors []Tensor) error {
	header, err := appendHeader(nil, keys, tensors)
	if err != nil {
		return fmt.Errorf("write GGUF: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("write GGUF: %w", err)
	}
	for _, t := range tensors {
		if err := writeTensor(w, t); err != nil {
			return fmt.Errorf("write GGUF: tensor %s: %w", t.Name, err)
		}
	}
	return nil
}

// Size returns the bytes of the file that Write makes.
func Size(keys []KV, tensors []Tensor) (int, error) {
	header, err := appendHeader(nil, keys, tensors)
	total := len(header)
	for _, t := range tensors {
		n, _ := size(t.Type, t.Shape) // which appendHeader has checked
		total += aligned(n)
	}
	return total, err
}

// writeTensor writes the elements of a tensor, and zeros up to where the next one begins.
func writeTensor(w io.Writer, t Tensor) error {
	want, _ := size(t.Type, t.Shape) // appendHeader has checked it
	through := &counted.Writer{W: w}
	e := &encoder{w: through, to: t.Type}
	err := t.Write(e)
	if err == nil {
		err = e.flush()
	}
	if err == nil && through.N != int64(want) {
		err = fmt.Errorf("shape %v of %s needs %d bytes, got %d", t.Shape, t.Type, want, through.N)
	}
	if err == nil {
		_, err = w.Write(make([]byte, aligned(want)-want))
	}
	return err
}

// appendHeader appends all that stands before the elements of the tensors.
func appendHeader(data []byte, keys []KV, tensors []Tensor) ([]byte, error) {
	data = append(data, magic...)
	data = binary.LittleEndian.AppendUint32(data, version)
	data = binary.LittleEndian.AppendUint64(data, uint64(len(tensors)))
	data = binary.LittleEndian.AppendUint64(data, uint64(len(keys)))
	seen := make(map[string]bool, len(keys)+len(tensors))
	for _, kv := range keys {
		var err error
		if seen[kv.Key] {
			return nil, fmt.Errorf("key %s is there twice", kv.Key)
		}
		seen[kv.Key] = true
		if data, err = appendValue(appendString(data, kv.Key), kv.Value); err != nil {
			return nil, fmt.Errorf("key %s: %w", kv.Key, err)
		}
	}
	clear(seen)
	offset := 0
	for _, t := range tensors {
		bytes, err := size(t.Type, t.Shape)
		switch {
		case err != nil:
		case len(t.Name) > maxName:
			err = fmt.Errorf("the name has %d bytes, want at most %d", len(t.Name), maxName)
		case seen[t.Name]:
			err = fmt.Errorf("it is there twice")
		}
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		seen[t.Name] = true
		data = binary.LittleEndian.AppendUint32(appendString(data, t.Name), uint32(len(t.Shape)))
		for i := range t.Shape {
			data = binary.LittleEndian.AppendUint64(data, uint64(t.Shape[len(t.Shape)-1-i]))
		}
		data = binary.LittleEndian.AppendUint32(data, uint32(t.Type))
		data = binary.LittleEndian.AppendUint64(data, uint64(offset))
		offset += aligned(bytes)
	}
	return append(data, make([]byte, aligned(len(data))-len(data))...), nil
}

func appendString(data []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(data, uint64(len(s))), s...)
}

func appendType(data []byte, t uint32) []byte { return binary.LittleEndian.AppendUint32(data, t) }

// appendValue appends the type of a value, and the value.
func appendValue(data []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case uint32:
		return binary.LittleEndian.AppendUint32(appendType(data, typeUint32), v), nil
	case int32:
		return binary.LittleEndian.AppendUint32(appendType(data, typeInt32), uint32(v)), nil
	case float32:
		return binary.LittleEndian.AppendUint32(appendType(data, typeFloat32), math.Float32bits(v)), nil
	case bool:
		var b byte
		if v {
			b = 1
		}
		return append(appendType(data, typeBool), b), nil
	case string:
		if !utf8.ValidString(v) {
			return nil, fmt.Errorf("%.40q is not valid UTF-8", v)
		}
		return appendString(appendType(data, typeString), v), nil
	case []uint8:
		return append(appendArray(data, typeUint8, len(v)), v...), nil
	case []int32:
		data = appendArray(data, typeInt32, len(v))
		return binary.Append(data, binary.LittleEndian, v)
	case []float32:
		data = appendArray(data, typeFloat32, len(v))
		return binary.Append(data, binary.LittleEndian, v)
	case []string:
		data = appendArray(data, typeString, len(v))
		for _, s := range v {
			data = appendString(data, s)
		}
		return data, nil
	}
	return nil, fmt.Errorf("a %T has no type in GGUF", value)
}

// appendArray appends what stands before the elements of an array.
func appendArray(data []byte, element uint32, n int) []byte {
	return binary.LittleEndian.AppendUint64(appendType(appendType(data, typeArray), element), uint64(n))
}
