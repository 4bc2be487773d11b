package pytorch

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints/safetensors"
	"t5train/internal/lfs"
)

// names are those of testdata/make.py.
var names = []string{"a", "transposed", "part", "column", "scalar", "empty", "parameter", "bfloat16", "float16",
	"float64", "int64"}

func TestFilesOfTorchSave(t *testing.T) {
	for _, name := range []string{"zip.bin", "protocol4.bin", "legacy.bin"} {
		t.Run(name, func(t *testing.T) {
			f, err := Open(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if !slices.Equal(f.Names(), names) {
				t.Errorf("names %v, want %v", f.Names(), names)
			}
			for name, want := range map[string]struct {
				dtype  safetensors.DType
				shape  []int
				values []float32
			}{
				"a":          {safetensors.F32, []int{2, 3}, []float32{0, 1, 2, 3, 4, 5}},
				"transposed": {safetensors.F32, []int{3, 2}, []float32{0, 3, 1, 4, 2, 5}},
				"part":       {safetensors.F32, []int{3}, []float32{3, 4, 5}},
				"column":     {safetensors.F32, []int{2}, []float32{1, 4}},
				"scalar":     {safetensors.F32, []int{}, []float32{2.5}},
				"empty":      {safetensors.F32, []int{0, 3}, []float32{}},
				"parameter":  {safetensors.F32, []int{2}, []float32{1, 1}},
				"bfloat16":   {safetensors.BF16, []int{2}, []float32{1.5, -2}},
				"float16":    {safetensors.F16, []int{2}, []float32{0.5, 65504}},
				"float64":    {safetensors.F64, []int{1}, []float32{1e-3}},
			} {
				got, ok := f.Tensor(name)
				values, err := got.Float32()
				if !ok || err != nil || got.Name != name || got.DType != want.dtype ||
					!slices.Equal(got.Shape, want.shape) || !slices.Equal(values, want.values) {
					t.Errorf("%s is %s %v %v, want %s %v %v (%v)", name, got.DType, got.Shape, values, want.dtype,
						want.shape, want.values, err)
				}
			}
			whole, _ := f.Tensor("int64")
			if values, err := whole.Int64s(); err != nil || !slices.Equal(values, []int64{-3, 1 << 40}) {
				t.Errorf("int64 holds %v, %v", values, err)
			}
			var sum bytes.Buffer
			raw, _ := os.ReadFile(filepath.Join("testdata", name))
			if err := f.Check(&sum); err != nil || !bytes.Equal(sum.Bytes(), raw) {
				t.Errorf("check: %v, and %d bytes of %d", err, sum.Len(), len(raw))
			}
			if _, ok := f.Tensor("none"); ok {
				t.Error("a tensor that is not there was found")
			}
			if err := errors.Join(f.Close(), f.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestStateDictOfAModule(t *testing.T) {
	f, err := Open("testdata/module.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !slices.Equal(f.Names(), []string{"weight", "bias"}) {
		t.Errorf("names %v", f.Names())
	}
}

func TestCheckFindsWhatIsNotFinite(t *testing.T) {
	raw := read(t, "zip.bin")
	at := bytes.Index(raw, binary.LittleEndian.AppendUint32(nil, math.Float32bits(2.5)))
	binary.LittleEndian.PutUint32(raw[at:], math.Float32bits(float32(math.NaN())))
	path := filepath.Join(t.TempDir(), "nan.bin")
	if err := os.WriteFile(path, raw, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Check(nil); !errors.Is(err, safetensors.ErrNotFinite) || !strings.Contains(err.Error(), "scalar") {
		t.Errorf("error %v", err)
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestFilesThatAreRefused(t *testing.T) {
	packed, legacy := read(t, "zip.bin"), read(t, "legacy.bin")
	edited := func(raw []byte, old, new string) []byte {
		if len(old) != len(new) || bytes.Count(raw, []byte(old)) == 0 {
			t.Fatalf("%q does not take the place of %q", new, old)
		}
		return bytes.Replace(raw, []byte(old), []byte(new), 1)
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"a module":          {read(t, "whole.bin"), "torch.nn.modules.linear.Linear, which no weights need"},
		"more than weights": {read(t, "more.bin"), `"step" is a number, want a tensor`},
		"expanded":          {read(t, "wide.bin"), "shape [1000 1000], strides [0 0] and offset 0 does not fit"},
		"another function":  {edited(packed, "_rebuild_tensor_v2", "_rebuild_tensor_v9"), "_v9, which no weights"},
		"another module":    {edited(legacy, "ctorch\nFloatStorage", "cposix\nFloatStorage"), "posix.FloatStorage"},
		"big-endian":        {edited(packed, "little", "big\n\n\n"), "byte order"},
		"big-endian legacy": {edited(legacy, "little_endianq\x02\x88", "little_endianq\x02\x89"), "big-endian"},
		"cut zip":           {packed[:len(packed)-30], "zip archive is damaged"},
		"cut legacy":        {legacy[:len(legacy)-3], "too early"},
		"missing entry":     {edited(packed, "zip/data/3PK", "zip/data/xPK"), "zip/data/3 is missing"},
		"no data.pkl":       {bytes.ReplaceAll(packed, []byte("zip/data.pkl"), []byte("zip/data.xxx")), "no data.pkl"},
		"TorchScript": {bytes.ReplaceAll(packed, []byte("zip/.storage_alignment"), []byte("program_/constants.pkl")),
			"TorchScript"},
		"compressed":     {zipOf(t, zip.Deflate), `"archive/data.pkl" is compressed`},
		"empty":          {nil, "no file that torch.save writes"},
		"text":           {[]byte("hello"), "no file that torch.save writes"},
		"another pickle": {[]byte("\x80\x02K\x01."), "none that torch.save writes"},
		"a pointer":      {[]byte("version https://git-lfs.github.com/spec/v1\n"), lfs.ErrPointer.Error()},
	} {
		path := filepath.Join(t.TempDir(), "pytorch_model.bin")
		if err := os.WriteFile(path, c.file, 0o666); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err == nil {
			f.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: error %v", err)
	}
}

// zipOf is an archive with the pickle of a tensor, packed by a method.
func zipOf(t *testing.T, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, entry := range [][2]string{
		{"archive/data.pkl", "}" + text("a") + strings.TrimSuffix(tensorOf("K\x00", "K\x04\x85", "K\x01\x85"), ".") +
			"s."},
		{"archive/data/0", "aaaabbbbccccdddd"},
	} {
		to, err := w.CreateHeader(&zip.FileHeader{Name: entry[0], Method: method})
		if err == nil {
			_, err = to.Write([]byte(entry[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Files of more than 4 GB have their sizes and offsets in other places.
func TestLargeArchives(t *testing.T) {
	small := zipOf(t, zip.Store)
	want, err := parse(small)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	end := small[len(small)-22:]
	at, size := le.Uint32(end[16:]), le.Uint32(end[12:])
	large := bytes.Clone(small[:at])
	for entry := small[at : at+size]; len(entry) > 0; {
		n := 46 + int(le.Uint16(entry[28:]))
		head := bytes.Clone(entry[:n])
		extra := le.AppendUint32([]byte{1, 0, 24, 0}, 0)[:4]
		for _, field := range []int{24, 20, 42} { // as they follow each other in the extra field
			extra = le.AppendUint64(extra, uint64(le.Uint32(head[field:])))
			le.PutUint32(head[field:], 0xffffffff)
		}
		entry = entry[n+int(le.Uint16(head[30:])):]
		extra = append([]byte{7, 0, 1, 0, 0}, extra...) // another field before it
		le.PutUint16(head[30:], uint16(len(extra)))
		large = append(append(large, head...), extra...)
	}
	record := uint64(len(large))
	large = append(large, "PK\x06\x06"...)
	large = append(large, make([]byte, 28)...)
	for _, n := range []uint64{2, record - uint64(at), uint64(at)} {
		large = le.AppendUint64(large, n)
	}
	large = append(large, "PK\x06\x07\x00\x00\x00\x00"...)
	large = le.AppendUint32(le.AppendUint64(large, record), 1)
	large = append(large, "PK\x05\x06\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00"...)
	got, err := parse(large)
	if err != nil || len(got) != 1 || string(got[0].Data) != string(want[0].Data) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// Every cut of a file, and every byte of it that is another one, is an error or weights, and no panic.
func TestDamagedFiles(t *testing.T) {
	for _, name := range []string{"zip.bin", "legacy.bin"} {
		raw := read(t, name)
		for i := range raw {
			_, _ = parse(raw[:i])
			damaged := bytes.Clone(raw)
			damaged[i] ^= []byte{1, 0x80, 0xff}[i%3]
			_, _ = parse(damaged)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"zip.bin", "protocol4.bin", "legacy.bin", "module.bin", "whole.bin", "wide.bin",
		"more.bin"} {
		f.Add(read(f, name))
	}
	for _, program := range programs {
		f.Add([]byte(program.text))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		tensors, err := parse(file)
		if err != nil {
			return
		}
		for _, x := range tensors {
			n := x.DType.Size()
			for _, size := range x.Shape {
				n *= size
			}
			if len(x.Data) != n {
				t.Fatalf("tensor %q of %s %v has %d bytes", x.Name, x.DType, x.Shape, len(x.Data))
			}
		}
	})
}
