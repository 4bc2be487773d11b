package safetensors

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"t5train/internal/counted"
)

// Lazy is a tensor whose elements are made when their turn to be written comes: what does not fit into memory at once
// can still be written.
type Lazy struct {
	Name  string
	DType DType
	Shape []int
	Write func(io.Writer) error // writes the elements, little-endian, row by row
}

// Lazy returns the tensor as one that is there already.
func (t Tensor) Lazy() Lazy {
	return Lazy{t.Name, t.DType, t.Shape, func(w io.Writer) error {
		_, err := w.Write(t.Data)
		return err
	}}
}

// Size returns the bytes of the elements.
func (l Lazy) Size() (int, error) { return byteSize(l.DType, l.Shape) }

// Write writes a file with the tensors and the metadata to w. transformers wants the metadata
// {"format": "pt"}. Nothing is written if a tensor is invalid; no tensor's data is copied.
//
// The same tensors in any order give the same bytes: wide types come first, which aligns every tensor to its
// element, then names in order, as the reference implementation has it.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	lazy := make([]Lazy, len(tensors))
	for i, t := range tensors {
		if err := t.check(); err != nil {
			return fmt.Errorf("write safetensors: tensor %q: %w", t.Name, err)
		}
		lazy[i] = t.Lazy()
	}
	return WriteLazy(w, lazy, metadata)
}

// WriteLazy is Write for tensors that are made while the file is written. One that comes out with another size than its
// shape and type tell is an error, and what has been written no safetensors file.
func WriteLazy(w io.Writer, tensors []Lazy, metadata map[string]string) error {
	tensors = slices.Clone(tensors)
	slices.SortFunc(tensors, func(a, b Lazy) int {
		return cmp.Or(cmp.Compare(b.DType.Size(), a.DType.Size()), cmp.Compare(a.Name, b.Name))
	})
	header, err := buildHeader(tensors, metadata)
	if err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("write safetensors: header: %w", err)
	}
	for _, t := range tensors {
		through := &counted.Writer{W: w}
		if err := t.Write(through); err != nil {
			return fmt.Errorf("write safetensors: tensor %q: %w", t.Name, err)
		}
		if want, _ := t.Size(); through.N != int64(want) { // buildHeader has checked the size
			return fmt.Errorf("write safetensors: tensor %q: shape %v of %s needs %d bytes, got %d", t.Name, t.Shape,
				t.DType, want, through.N)
		}
	}
	return nil
}

// buildHeader returns the length and the JSON, padded with spaces so that the data is aligned to 8 bytes.
func buildHeader(tensors []Lazy, metadata map[string]string) ([]byte, error) {
	header := append(make([]byte, 8), '{') // 8: room for the length
	if len(metadata) > 0 {
		for key, value := range metadata {
			if !utf8.ValidString(key) || !utf8.ValidString(value) {
				return nil, fmt.Errorf("metadata %q is not valid UTF-8", key)
			}
		}
		header = append(appendJSON(header, metadataKey), ':')
		header = appendJSON(header, metadata)
	}
	seen := make(map[string]bool, len(tensors))
	offset := 0
	for _, t := range tensors {
		size, err := t.check()
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if seen[t.Name] {
			return nil, fmt.Errorf("tensor %q is there twice", t.Name)
		}
		seen[t.Name] = true
		if header[len(header)-1] != '{' {
			header = append(header, ',')
		}
		header = append(appendJSON(header, t.Name), ':')
		header = appendJSON(header, struct {
			DType   DType  `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}{t.DType, append([]int{}, t.Shape...), [2]int{offset, offset + size}}) // append: null is no shape
		offset += size
	}
	header = append(header, '}')
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	length := len(header) - 8
	if length > maxHeader {
		return nil, fmt.Errorf("the header would have %d bytes, want at most %d", length, maxHeader)
	}
	binary.LittleEndian.PutUint64(header, uint64(length))
	return header, nil
}

// check refuses a tensor whose data does not fit its shape.
func (t Tensor) check() error {
	want, err := t.Lazy().check()
	if err != nil {
		return err
	}
	if len(t.Data) != want {
		return fmt.Errorf("shape %v of %s needs %d bytes, got %d", t.Shape, t.DType, want, len(t.Data))
	}
	return nil
}

// check returns the bytes of a tensor that can be written.
func (l Lazy) check() (size int, err error) {
	switch {
	case l.Name == metadataKey:
		return 0, errors.New("the format keeps this name for itself")
	case !utf8.ValidString(l.Name):
		return 0, errors.New("the name is not valid UTF-8")
	}
	return l.Size()
}

// appendJSON appends strings, integers and maps of valid UTF-8, which always have a JSON form.
func appendJSON(text []byte, value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("safetensors: encode %T: %v", value, err))
	}
	return append(text, encoded...)
}
