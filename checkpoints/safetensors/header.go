package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"t5train/internal/lfs"
	"t5train/internal/strictjson"
)

// maxHeader is the largest header in bytes: the limit of the reference implementation (MAX_HEADER_SIZE).
const maxHeader = 100_000_000

// Bounds far beyond any model, within which a header is read in a moment.
const (
	maxTensors    = 1 << 14
	maxDimensions = 16
)

const metadataKey = "__metadata__"

// parse reads and checks a whole file. The tensors share its memory and come in the order of their data.
func parse(file []byte) (tensors []Tensor, metadata map[string]string, err error) {
	const damaged = "the file is cut off or no safetensors file: copy or download it again"
	if err := lfs.Check(file); err != nil {
		return nil, nil, err
	}
	if len(file) < 8 {
		return nil, nil, fmt.Errorf("got %d bytes, want at least 8: %s", len(file), damaged)
	}
	length, rest := binary.LittleEndian.Uint64(file), file[8:]
	if length > uint64(len(rest)) {
		return nil, nil, fmt.Errorf("the header should have %d bytes, the file has %d: %s", length, len(file), damaged)
	}
	if length > maxHeader {
		return nil, nil, fmt.Errorf("the header has %d bytes, want at most %d", length, maxHeader)
	}
	entries, metadata, err := parseHeader(rest[:length])
	if err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	tensors, err = place(entries, rest[length:])
	return tensors, metadata, err
}

// entry is a tensor of the header: its bytes are data[begin:end].
type entry struct {
	Tensor
	begin, end int
}

func parseHeader(text []byte) (entries []entry, metadata map[string]string, err error) {
	// White space may follow the JSON, not precede it.
	if !bytes.HasPrefix(text, []byte("{")) {
		return nil, nil, errors.New("it does not begin with {: no safetensors file")
	}
	r, err := strictjson.NewReader(text)
	if err != nil {
		return nil, nil, err
	}
	err = r.Object(func(key string) (err error) {
		if key == metadataKey {
			if metadata, err = parseMetadata(r); err != nil {
				return fmt.Errorf("%s: %w", metadataKey, err)
			}
			return nil
		}
		if len(entries) == maxTensors {
			return fmt.Errorf("it lists more than %d tensors", maxTensors)
		}
		e, err := parseEntry(r)
		if err != nil {
			return fmt.Errorf("tensor %.200q: %w", key, err)
		}
		e.Name = key
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return entries, metadata, r.End()
}

func parseMetadata(r *strictjson.Reader) (map[string]string, error) {
	metadata := make(map[string]string)
	return metadata, r.ObjectOrNull(func(key string) (err error) {
		metadata[key], err = r.String()
		return err
	})
}

func parseEntry(r *strictjson.Reader) (entry, error) {
	var e entry
	var offsets []int
	fields := 0
	err := r.Object(func(key string) (err error) {
		fields++
		switch key {
		case "dtype":
			var name string
			name, err = r.String()
			e.DType = DType(name)
		case "shape":
			e.Shape, err = parseInts(r)
		case "data_offsets":
			offsets, err = parseInts(r)
		default:
			return fmt.Errorf("key %.40q is unknown, want dtype, shape and data_offsets", key)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	switch {
	case err != nil:
		return e, err
	case fields != 3:
		return e, fmt.Errorf("got %d keys, want dtype, shape and data_offsets", fields)
	case len(offsets) != 2 || offsets[0] > offsets[1]:
		return e, fmt.Errorf("data_offsets %v are no [begin, end]", offsets)
	}
	e.begin, e.end = offsets[0], offsets[1]
	want, err := byteSize(e.DType, e.Shape)
	if err != nil {
		return e, err
	}
	if e.end-e.begin != want {
		return e, fmt.Errorf("shape %v of %s needs %d bytes, data_offsets %v hold %d", e.Shape, e.DType, want, offsets,
			e.end-e.begin)
	}
	return e, nil
}

func parseInts(r *strictjson.Reader) ([]int, error) {
	ints := []int{}
	return ints, r.Array(func() error {
		if len(ints) == maxDimensions {
			return fmt.Errorf("it has more than %d numbers", maxDimensions)
		}
		n, err := r.Int()
		ints = append(ints, n)
		return err
	})
}

// place gives each entry its part of data. The entries must cover data without overlap and without hole, so
// that nothing hides in a file and a wrong offset cannot pass.
func place(entries []entry, data []byte) ([]Tensor, error) {
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	tensors := make([]Tensor, len(entries))
	covered := 0
	for i, e := range entries {
		switch {
		case e.end > len(data):
			return nil, fmt.Errorf("tensor %.200q: its data ends at byte %d, the file has %d: the file is cut off, "+
				"copy or download it again",
				e.Name, e.end, len(data))
		case e.begin < covered:
			return nil, fmt.Errorf("tensor %.200q: its data [%d %d] overlaps that of tensor %.200q, which ends at %d",
				e.Name, e.begin, e.end, entries[i-1].Name, covered)
		case e.begin > covered:
			return nil, fmt.Errorf("tensor %.200q: %d bytes before its data belong to no tensor", e.Name,
				e.begin-covered)
		}
		covered = e.end
		e.Data = data[e.begin:e.end:e.end]
		tensors[i] = e.Tensor
	}
	if covered != len(data) {
		return nil, fmt.Errorf("%d bytes at the end of the file belong to no tensor", len(data)-covered)
	}
	return tensors, nil
}
