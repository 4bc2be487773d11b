package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"t5train/internal/lfs"
)

// fileOf returns the bytes of a file with that header, as it is, and that many bytes of data.
func fileOf(header string, data int) []byte {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(file, header...), make([]byte, data)...)
}

func writeFile(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustOpen(t testing.TB, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestOpen(t *testing.T) {
	for _, c := range []struct {
		name, header string
		data         int
		names        []string
	}{
		{"no tensor", `{}`, 0, []string{}},
		{"padded with spaces", `{}      `, 0, []string{}},
		{"in the order of the data",
			`{"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]},"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}`, 6,
			[]string{"a", "b"}},
		{"scalar", `{"s":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}`, 8, []string{"s"}},
		{"empty tensors", `{"e":{"dtype":"F32","shape":[0,5],"data_offsets":[0,0]},"f":{"dtype":"F32","shape":[3,0],"data_offsets":[0,0]}}`, 0, []string{"e", "f"}},
		{"a type without conversion", `{"m":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}`, 3, []string{"m"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := mustOpen(t, writeFile(t, fileOf(c.header, c.data)))
			if !reflect.DeepEqual(f.Names(), c.names) {
				t.Errorf("names %q, want %q", f.Names(), c.names)
			}
			if want := 8 + len(c.header) + c.data; f.Size() != want {
				t.Errorf("size %d, want %d", f.Size(), want)
			}
			if _, ok := f.Tensor("absent"); ok {
				t.Error("there is a tensor \"absent\"")
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	one := func(dtype, shape, offsets string) string {
		return `{"a":{"dtype":` + dtype + `,"shape":` + shape + `,"data_offsets":` + offsets + `}}`
	}
	two := func(first, second string) string {
		return `{"a":{"dtype":"U8","shape":[4],"data_offsets":` + first +
			`},"b":{"dtype":"U8","shape":[4],"data_offsets":` + second + `}}`
	}
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty file", nil, "got 0 bytes, want at least 8"},
		{"header beyond the file", []byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"),
			"the header should have 18446744073709551615 bytes, the file has 10"},
		{"a zip file", []byte("PK\x03\x04\x00\x00\x00\x00\x00\x00"), "no safetensors file"},
		{"no JSON", fileOf(`hello`, 0), "does not begin with {"},
		{"space before the JSON", fileOf(` {}`, 0), "does not begin with {"},
		{"text after the JSON", fileOf(`{}x`, 0), "header: "},
		{"duplicate tensor", fileOf(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), `key "a" stands there twice`},
		{"duplicate key in a tensor", fileOf(`{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0),
			`tensor "a": key "dtype" stands there twice`},
		{"missing key", fileOf(`{"a":{"dtype":"U8","shape":[0]}}`, 0), `tensor "a": got 2 keys`},
		{"unknown key", fileOf(`{"a":{"dtype":"U8","shape":[0],"offsets":[0,0]}}`, 0),
			`tensor "a": key "offsets" is unknown`},
		{"metadata of a number", fileOf(`{"__metadata__":{"step":3}}`, 0), "__metadata__: got 3, want a string"},
		{"unknown dtype", fileOf(one(`"F4"`, `[2]`, `[0,1]`), 1), `tensor "a": dtype "F4" is unknown, want F32`},
		{"dtype in lower case", fileOf(one(`"f32"`, `[1]`, `[0,4]`), 4), `dtype "f32" is unknown`},
		{"negative dimension", fileOf(one(`"F32"`, `[-1]`, `[0,4]`), 4), "shape: got -1"},
		{"fractional dimension", fileOf(one(`"F32"`, `[1.0]`, `[0,4]`), 4), "shape: got 1.0"},
		{"overflow to zero", fileOf(one(`"F32"`, `[4294967296,4294967296]`, `[0,0]`), 0),
			"overflows the address space"},
		{"overflow to negative", fileOf(one(`"U8"`, `[4611686018427387904,2]`, `[0,0]`), 0),
			"overflows the address space"},
		{"shape larger than the data", fileOf(one(`"F32"`, `[2]`, `[0,4]`), 4),
			"shape [2] of F32 needs 8 bytes, data_offsets [0 4] hold 4"},
		{"end before begin", fileOf(one(`"U8"`, `[4]`, `[4,0]`), 4), "data_offsets [4 0] are no [begin, end]"},
		{"three offsets", fileOf(one(`"U8"`, `[4]`, `[0,4,4]`), 4), "are no [begin, end]"},
		{"data outside the file", fileOf(one(`"U8"`, `[4]`, `[0,4]`), 3),
			`tensor "a": its data ends at byte 4, the file has 3`},
		{"overlap", fileOf(two(`[0,4]`, `[3,7]`), 7), `tensor "b": its data [3 7] overlaps that of tensor "a"`},
		{"same data twice", fileOf(two(`[0,4]`, `[0,4]`), 4), `tensor "b": its data [0 4] overlaps`},
		{"hole at the start", fileOf(two(`[1,5]`, `[5,9]`), 9),
			`tensor "a": 1 bytes before its data belong to no tensor`},
		{"hole in the middle", fileOf(two(`[0,4]`, `[6,10]`), 10), `tensor "b": 2 bytes before its data`},
		{"bytes at the end", fileOf(two(`[0,4]`, `[4,8]`), 9), "1 bytes at the end of the file belong to no tensor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeFile(t, c.file)
			_, err := Open(path)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got error %v, want one with %q", err, c.want)
			}
			if !strings.HasPrefix(err.Error(), "open "+path+": ") {
				t.Errorf("the error %q does not name the file", err)
			}
		})
	}
}

func TestOpenRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, path, want string }{
		{"missing", filepath.Join(dir, "missing"), "no such file"},
		{"folder", dir, "no regular file"},
		{"device", "/dev/zero", "no regular file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(c.path)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestTruncation cuts a small file at every byte: only the whole file opens.
func TestTruncation(t *testing.T) {
	var file bytes.Buffer
	if err := Write(&file, sample(), map[string]string{"format": "pt"}); err != nil {
		t.Fatal(err)
	}
	for n := range file.Len() {
		if _, _, err := parse(file.Bytes()[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were accepted", n, file.Len())
		}
	}
	if _, _, err := parse(file.Bytes()); err != nil {
		t.Fatal(err)
	}
}

// TestCorruptHeaderAllocatesLittle opens a file of 100 bytes that promises terabytes.
func TestCorruptHeaderAllocatesLittle(t *testing.T) {
	file := fileOf(`{"a":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}}`, 0)
	var err error
	got := allocated(func() { _, _, err = parse(file) })
	if err == nil {
		t.Fatal("accepted")
	}
	if got > 1<<16 {
		t.Errorf("allocated %d bytes for a file of %d", got, len(file))
	}
}

// allocated returns the bytes that f allocates. Tests that use it must not run in parallel.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestCloseTwice(t *testing.T) {
	f := mustOpen(t, writeFile(t, fileOf(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1)))
	for range 2 {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := f.Tensor("a"); ok {
		t.Error("a closed file handed out a tensor")
	}
}

// FuzzOpen reads any bytes. What is accepted must be consistent and survive a round trip.
func FuzzOpen(f *testing.F) {
	var file bytes.Buffer
	if err := Write(&file, sample(), map[string]string{"format": "pt"}); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add(fileOf(`{}`, 0))
	f.Add(fileOf(`{"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}`, 8))
	f.Add(fileOf(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"))
	for _, header := range absurdHeaders {
		f.Add(fileOf(header[1], 4))
	}
	f.Add(binary.LittleEndian.AppendUint64(nil, 1<<60))
	f.Add(binary.LittleEndian.AppendUint64(nil, 1<<63+8))
	f.Fuzz(func(t *testing.T, file []byte) {
		tensors, metadata, err := parse(file)
		if err != nil {
			return
		}
		total := 0
		for _, tensor := range tensors {
			if err := tensor.check(); err != nil {
				t.Fatalf("accepted an invalid tensor %q: %v", tensor.Name, err)
			}
			total += len(tensor.Data)
			tensor.Float32()
			tensor.Float64s()
			tensor.Int64s()
		}
		if total > len(file) {
			t.Fatalf("%d bytes of tensors in a file of %d", total, len(file))
		}
		var copied bytes.Buffer
		if err := Write(&copied, tensors, metadata); err != nil {
			t.Fatal(err)
		}
		again, _, err := parse(copied.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if len(again) != len(tensors) {
			t.Fatalf("wrote %d tensors, read %d", len(tensors), len(again))
		}
	})
}

// The format's own library takes null for no metadata, and so do files of other writers.
func TestMetadataNull(t *testing.T) {
	tensors, metadata, err := parse(fileOf(`{"__metadata__":null,"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`,
		4))
	if err != nil || len(tensors) != 1 || len(metadata) != 0 {
		t.Errorf("got %v, %v, %v", tensors, metadata, err)
	}
}

func TestOpenPointer(t *testing.T) {
	if _, _, err := parse([]byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 9\n")); !errors.Is(err,
		lfs.ErrPointer) {
		t.Errorf("error %v, want that it is a pointer", err)
	}
}
