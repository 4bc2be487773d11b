package safetensors

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/internal/golden"
)

// sample holds tensors of several widths, a scalar, an empty one and names that JSON must escape.
func sample() []Tensor {
	return []Tensor{
		FromFloat32("shared.weight", []int{2, 3}, []float32{0, 1, -2.5, 3e38, 1e-45, float32(math.Inf(-1))}),
		{Name: "half", DType: F16, Shape: []int{3}, Data: []byte{0, 60, 1, 0, 0, 124}},
		{Name: "step", DType: I64, Data: []byte{1, 2, 3, 4, 5, 6, 7, 8}},
		{Name: "empty", DType: F32, Shape: []int{0, 7}},
		{Name: "quote\" <é> \n", DType: U8, Shape: []int{1}, Data: []byte{9}},
	}
}

// TestFormat pins the bytes of a small file, written down from the specification.
func TestFormat(t *testing.T) {
	var file bytes.Buffer
	tensors := []Tensor{FromFloat32("b", []int{1, 2}, []float32{1, -2}), FromFloat32("a", nil, []float32{0.5})}
	if err := Write(&file, tensors, map[string]string{"format": "pt"}); err != nil {
		t.Fatal(err)
	}
	header := `{"__metadata__":{"format":"pt"},` +
		`"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},` +
		`"b":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}}` + "    "
	want := "\x90\x00\x00\x00\x00\x00\x00\x00" + header +
		"\x00\x00\x00\x3f" + "\x00\x00\x80\x3f" + "\x00\x00\x00\xc0"
	if file.String() != want {
		t.Errorf("got  %q\nwant %q", file.String(), want)
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	metadata := map[string]string{"format": "pt", "a": "1", "b": "2", "c": "3", "d": "4"}
	tensors := sample()
	var first bytes.Buffer
	if err := Write(&first, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		tensors = append(tensors[1:], tensors[0])
		var next bytes.Buffer
		if err := Write(&next, tensors, metadata); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), next.Bytes()) {
			t.Fatal("the same tensors in another order gave other bytes")
		}
	}
}

func TestRoundTrip(t *testing.T) {
	metadata := map[string]string{"format": "pt", "note": "\"ü\"\n"}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	writeTo(t, path, sample(), metadata)
	f := mustOpen(t, path)
	if !reflect.DeepEqual(f.Metadata(), metadata) {
		t.Errorf("metadata %q, want %q", f.Metadata(), metadata)
	}
	same(t, f, sample())
	offset := 0
	for _, name := range f.Names() {
		tensor, _ := f.Tensor(name)
		if offset%tensor.DType.Size() != 0 {
			t.Errorf("tensor %q of %s begins at %d: not aligned", name, tensor.DType, offset)
		}
		offset += len(tensor.Data)
	}
}

func TestWriteRefuses(t *testing.T) {
	value := []float32{1}
	for _, c := range []struct {
		name     string
		tensors  []Tensor
		metadata map[string]string
		want     string
	}{
		{"shape and values differ", []Tensor{FromFloat32("a", []int{2}, value)}, nil,
			`tensor "a": shape [2] of F32 needs 8 bytes, got 4`},
		{"negative dimension", []Tensor{FromFloat32("a", []int{-1}, value)}, nil, "negative"},
		{"unknown dtype", []Tensor{{Name: "a", DType: "F31", Data: []byte{1}}}, nil, `dtype "F31" is unknown`},
		{"same name twice", []Tensor{FromFloat32("a", nil, value), FromFloat32("a", nil, value)}, nil,
			`tensor "a" is there twice`},
		{"the name of the metadata", []Tensor{FromFloat32("__metadata__", nil, value)}, nil, "keeps this name"},
		{"name of bad UTF-8", []Tensor{FromFloat32("\xff", nil, value)}, nil, "UTF-8"},
		{"metadata of bad UTF-8", nil, map[string]string{"a": "\xff"}, "UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var file bytes.Buffer
			err := Write(&file, c.tensors, c.metadata)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
			if file.Len() != 0 {
				t.Errorf("wrote %d bytes before the error", file.Len())
			}
		})
	}
}

var errFull = errors.New("disk full")

// limitedWriter fails once it has taken room bytes, as a full disk does.
type limitedWriter struct{ room int }

func (w *limitedWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.room)
	w.room -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func TestWriteReportsAFullDisk(t *testing.T) {
	var file bytes.Buffer
	if err := Write(&file, sample(), nil); err != nil {
		t.Fatal(err)
	}
	for room := range file.Len() {
		if err := Write(&limitedWriter{room}, sample(), nil); !errors.Is(err, errFull) {
			t.Fatalf("room for %d of %d bytes: got error %v, want %v", room, file.Len(), err, errFull)
		}
	}
	if err := Write(&limitedWriter{file.Len()}, sample(), nil); err != nil {
		t.Fatal(err)
	}
}

// TestWriteCopiesNothing writes 64 MiB and watches the allocations.
func TestWriteCopiesNothing(t *testing.T) {
	tensor := FromFloat32("big", []int{16 << 20}, make([]float32, 16<<20))
	var err error
	got := allocated(func() { err = Write(io.Discard, []Tensor{tensor}, nil) })
	if err != nil {
		t.Fatal(err)
	}
	if got > 1<<16 {
		t.Errorf("allocated %d bytes", got)
	}
}

// TestGoldenRoundTrip reads every safetensors file of the golden models, writes it and reads it again.
func TestGoldenRoundTrip(t *testing.T) {
	for _, group := range []string{"model", "train", "optim", "generate"} {
		t.Run(group, func(t *testing.T) {
			for _, dir := range golden.Cases(t, group) {
				t.Run(filepath.Base(dir), func(t *testing.T) {
					paths, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
					if err != nil {
						t.Fatal(err)
					}
					for _, path := range paths {
						roundTrip(t, path)
					}
				})
			}
		})
	}
}

func roundTrip(t *testing.T, path string) {
	f := mustOpen(t, path)
	tensors := all(f)
	copied := filepath.Join(t.TempDir(), filepath.Base(path))
	writeTo(t, copied, tensors, f.Metadata())
	same(t, mustOpen(t, copied), tensors)
	for _, tensor := range tensors {
		floats, floatErr := tensor.Float32()
		integers, intErr := tensor.Int64s()
		if floatErr != nil && intErr != nil {
			t.Errorf("%v; %v", floatErr, intErr)
		}
		if n := max(len(floats), len(integers)); n != tensor.Elements() {
			t.Errorf("tensor %q: got %d elements, want %d", tensor.Name, n, tensor.Elements())
		}
	}
}

func all(f *File) []Tensor {
	var tensors []Tensor
	for _, name := range f.Names() {
		tensor, _ := f.Tensor(name)
		tensors = append(tensors, tensor)
	}
	return tensors
}

func writeTo(t testing.TB, path string, tensors []Tensor, metadata map[string]string) {
	t.Helper()
	w, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := Write(w, tensors, metadata); err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, f *File, want []Tensor) {
	t.Helper()
	if len(f.Names()) != len(want) {
		t.Errorf("got %d tensors, want %d", len(f.Names()), len(want))
	}
	for _, w := range want {
		got, ok := f.Tensor(w.Name)
		if !ok || got.DType != w.DType || !slices.Equal(got.Shape, w.Shape) || !bytes.Equal(got.Data, w.Data) {
			t.Errorf("tensor %q: got %s %v, want %s %v with the same bytes", w.Name, got.DType, got.Shape, w.DType,
				w.Shape)
		}
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")
	w, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	tensor := FromFloat32("scale", []int{2}, []float32{1, 0.5})
	if err := Write(w, []Tensor{tensor}, map[string]string{"format": "pt"}); err != nil {
		panic(err)
	}
	w.Close()

	f, err := Open(path)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	scale, _ := f.Tensor("scale")
	values, err := scale.Float32()
	fmt.Println(scale.DType, scale.Shape, values, err)
	// Output: F32 [2] [1 0.5] <nil>
}
