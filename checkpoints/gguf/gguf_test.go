package gguf

import (
	"bytes"
	"encoding/hex"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints/safetensors"
)

// tensor writes values.
func tensor(name string, t Type, shape []int, values ...float32) Tensor {
	return Tensor{name, t, shape, func(w io.Writer) error {
		for _, v := range values { // in pieces, as files give them
			if _, err := w.Write(safetensors.FromFloat32("", []int{1}, []float32{v}).Data); err != nil {
				return err
			}
		}
		return nil
	}}
}

func written(t *testing.T, keys []KV, tensors ...Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, keys, tensors); err != nil {
		t.Fatal(err)
	}
	if n, err := Size(keys, tensors); err != nil || n != b.Len() {
		t.Errorf("Size is %d, %v, and the file has %d bytes", n, err, b.Len())
	}
	return b.Bytes()
}

// The bytes of a small file, as the package gguf of PyPI writes them.
func TestWrite(t *testing.T) {
	got := hex.EncodeToString(written(t, []KV{{"a", uint32(7)}, {"b", []string{"x"}}}, tensor("t", F16, []int{1, 2}, 1,
		-2)))
	want := "47475546" + "03000000" + "0100000000000000" + "0200000000000000" +
		"0100000000000000" + "61" + "04000000" + "07000000" +
		"0100000000000000" + "62" + "09000000" + "08000000" + "0100000000000000" + "0100000000000000" + "78" +
		"0100000000000000" + "74" + "02000000" + "0200000000000000" + "0100000000000000" + "01000000" +
		"0000000000000000"
	want += strings.Repeat("00", (Alignment-len(want)/2%Alignment)%Alignment) + "003c00c0" + strings.Repeat("00", 28)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What is written is read back: keys of every type, and tensors as their type rounds them.
func TestRoundTrip(t *testing.T) {
	keys := []KV{
		{"u32", uint32(1 << 31)}, {"i32", int32(-5)}, {"f32", float32(0.5)}, {"yes", true}, {"no", false},
		{"text", "é"}, {"bytes", []uint8{0, 255}}, {"ints", []int32{-1, 2}}, {"floats", []float32{1.5}},
		{"texts", []string{"", "▁a"}}, {"none", []string{}},
	}
	values := make([]float32, 3*BlockSize*chunk/BlockSize+2*BlockSize) // more than a chunk
	for i := range values {
		values[i] = float32(math.Sin(float64(i))) * float32(i%70)
	}
	shape := []int{len(values) / BlockSize, BlockSize}
	tensors := []Tensor{tensor("odd", F32, []int{3}, 1, 2, 3)}
	for _, of := range []Type{F32, F16, BF16, Q8_0} {
		tensors = append(tensors, tensor(of.String(), of, shape, values...))
	}
	data := written(t, keys, tensors...)
	f, err := Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.Keys, keys) {
		t.Errorf("keys %v, want %v", f.Keys, keys)
	}
	if f.Value("i32") != int32(-5) || f.Value("absent") != nil {
		t.Errorf("got %v and %v", f.Value("i32"), f.Value("absent"))
	}
	for i, relative := range []float64{0, 0, 1.0 / 2048, 1.0 / 256, 0} {
		s := f.Tensors[i]
		got, err := f.Float32(s)
		if err != nil || s.Name != tensors[i].Name || s.Type != tensors[i].Type ||
			!slices.Equal(s.Shape, tensors[i].Shape) || s.offset%Alignment != 0 {
			t.Fatalf("tensor %+v, %v, want %+v", s, err, tensors[i])
		}
		if i == 0 {
			if !slices.Equal(got, []float32{1, 2, 3}) {
				t.Errorf("got %v", got)
			}
			continue
		}
		for j, v := range values {
			off := relative * math.Abs(float64(v))
			if s.Type == Q8_0 {
				block := values[j/BlockSize*BlockSize:][:BlockSize]
				most := max(slices.Max(block), -slices.Min(block))
				off = float64(most) * (0.5/127 + 1.0/2048) // half a step, and the scale in float16
			}
			if math.Abs(float64(got[j]-v)) > off {
				t.Fatalf("%s[%d] is %g, want %g", s.Name, j, got[j], v)
			}
		}
	}
}

// Blocks as quantize_row_q8_0_ref of ggml makes them: the scale in float16, then integers, halves away from zero.
func TestQ8(t *testing.T) {
	block := make([]float32, BlockSize)
	block[0], block[1], block[2], block[3] = -127, 0.5, 1.5, -2.5
	got, err := appendQ8(nil, append(block, make([]float32, BlockSize)...))
	want := append([]byte{0x00, 0x3c, 0x81, 1, 2, 0xfd}, make([]byte, BlockSize-4+2+BlockSize)...)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %x, %v, want %x", got, err, want)
	}
}

func TestWriteErrors(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	large := append([]float32{1e8}, make([]float32, 31)...)
	for want, tensors := range map[string][]Tensor{
		"tensor a: it is there twice":           {tensor("a", F32, []int{1}, 1), tensor("a", F32, []int{1}, 1)},
		"the name has 64 bytes":                 {tensor(strings.Repeat("n", 64), F32, []int{1}, 1)},
		"want 1 to 4 dimensions":                {tensor("a", F32, nil, 1)},
		"want positive numbers":                 {tensor("a", F32, []int{0})},
		"type 2 is not known":                   {tensor("a", 2, []int{1}, 1)},
		"want rows of a multiple of 32":         {tensor("a", Q8_0, []int{1, 33})},
		"shape [2] of F32 needs 8 bytes, got 4": {tensor("a", F32, []int{2}, 1)},
		"a weight is not finite":                {tensor("a", F32, []int{2}, 1, nan)},
		"not finite: training diverged":         {tensor("a", Q8_0, []int{1, 32}, inf)},
		"1e+06 becomes infinite in F16":         {tensor("a", F16, []int{1}, 1e6)},
		"the scale of a block of Q8_0":          {tensor("a", Q8_0, []int{1, 32}, large...)},
	} {
		if err := Write(io.Discard, nil, tensors); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for want, keys := range map[string][]KV{
		"key a is there twice":          {{"a", true}, {"a", false}},
		"key a: a int has no type":      {{"a", 1}},
		"key a: \"\\xff\" is not valid": {{"a", "\xff"}},
	} {
		if err := Write(io.Discard, keys, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestReadErrors(t *testing.T) {
	good := written(t, []KV{{"k", "value"}, {"n", uint32(1)}}, tensor("t", F32, []int{2}, 1, 2))
	for i := range good {
		if i < len(good)-Alignment+8 { // behind that are zeros that nobody needs
			if _, err := Read(bytes.NewReader(good[:i]), int64(i)); err == nil {
				t.Errorf("no error for the first %d bytes of %d", i, len(good))
			}
		}
	}
	at := func(offset int, with string) []byte {
		data := slices.Clone(good)
		copy(data[offset:], with)
		return data
	}
	name := bytes.Index(good, []byte("t\x01\x00"))
	for want, data := range map[string][]byte{
		"does not begin with GGUF":            at(0, "GGML"),
		"version 50331648, want 2 or 3":       at(4, "\x00\x00\x00\x03"),
		"key \"k\": type 13":                  at(24+9, "\x0d"),
		"key \"k\": it is an array of arrays": at(24+9, "\x09\x00\x00\x00\x09"),
		"tensor \"t\": it has 0 dimensions":   at(name+1, "\x00"),
		"tensor \"t\": it has 5 dimensions":   at(name+1, "\x05"),
		"a dimension is 0":                    at(name+5, "\x00"),
		"a dimension is 8589934594":           at(name+9, "\x02"),
		"ends behind the end of the file":     at(name+17, "\x41"),
		"key \"k\" is there twice":            at(bytes.Index(good, []byte("n\x04")), "k"),
		"the file ends too early":             at(16, "\xff\xff\xff\xff"),
	} {
		if _, err := Read(bytes.NewReader(data), int64(len(data))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	for _, keys := range [][]KV{nil, {{"general.alignment", uint32(64)}, {"a", []string{"x", ""}}, {"b", []int32{1}}}} {
		b.Reset()
		if err := Write(&b, keys, []Tensor{tensor("t", Q8_0, []int{1, 32}, make([]float32, 32)...),
			tensor("u", BF16, []int{2, 1}, 1, 2)}); err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(b.Bytes()))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		for _, s := range file.Tensors {
			if values, err := file.Float32(s); err == nil && len(values) > 32*len(data) {
				t.Errorf("%d values of %d bytes", len(values), len(data))
			}
		}
	})
}
