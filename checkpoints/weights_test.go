package checkpoints

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints/safetensors"
	"t5train/internal/golden"
	"t5train/internal/lfs"
)

// modelFolder writes files, name -> content; a name that ends in .safetensors holds the listed tensor names.
func modelFolder(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	d := &Dir{root: root}
	for name, content := range files {
		var err error
		if strings.HasSuffix(name, ".safetensors") {
			var tensors []safetensors.Tensor
			for i, tensor := range strings.Fields(content) {
				tensors = append(tensors, safetensors.FromFloat32(tensor, []int{2}, []float32{float32(i), 1}))
			}
			err = d.WriteTensors(name, tensors, nil)
		} else {
			err = d.WriteFile(name, []byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestOpenWeights(t *testing.T) {
	index := `{"metadata":{"total_size":24},"weight_map":{"c":"2.safetensors","b":"1.safetensors","a":"2.safetensors"}}`
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"one file", map[string]string{"config.json": "{}", "model.safetensors": "b a"}, []string{"a", "b"}},
		{"shards", map[string]string{"config.json": "{}", "model.safetensors.index.json": index, "1.safetensors": "b",
			"2.safetensors": "a c"}, []string{"b", "a", "c"}},
		{"one file comes before shards", map[string]string{"config.json": "{}", "model.safetensors": "x",
			"model.safetensors.index.json": "damaged"}, []string{"x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := OpenWeights(modelFolder(t, c.files))
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if !reflect.DeepEqual(w.Names(), c.want) {
				t.Errorf("names %q, want %q", w.Names(), c.want)
			}
			for _, name := range c.want {
				if tensor, ok := w.Tensor(name); !ok || tensor.Name != name {
					t.Errorf("tensor %q: got %q, %v", name, tensor.Name, ok)
				}
			}
			if _, ok := w.Tensor("absent"); ok {
				t.Error(`there is a tensor "absent"`)
			}
			n := len(c.want)
			if want := []DTypeCount{{safetensors.F32, n, 2 * n, 8 * n}}; !reflect.DeepEqual(w.DTypes(), want) {
				t.Errorf("dtypes %v, want %v", w.DTypes(), want)
			}
			if w.Elements() != 2*n || w.Bytes() != 8*n || string(w.Config()) != "{}" {
				t.Errorf("got %d elements, %d bytes, config %q", w.Elements(), w.Bytes(), w.Config())
			}
		})
	}
}

const lfsPointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12\n"

// What is in the shards counts, whatever the index lists besides: Flan-T5 XL names copies of shared.weight that no
// shard has.
func TestOpenWeightsOfLooseIndex(t *testing.T) {
	dir := modelFolder(t, map[string]string{
		"config.json":                  "{}",
		"model.safetensors.index.json": `{"metadata":null,"weight_map":{"a":"2.safetensors","encoder.embed_tokens.weight":"1.safetensors"}}`,
		"1.safetensors":                "a", "2.safetensors": "b",
	})
	w, err := OpenWeights(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if got := w.Names(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %q", got)
	}
}

func TestOpenWeightsOfPointer(t *testing.T) {
	dir := modelFolder(t, map[string]string{"config.json": "{}", "model.safetensors": "a"})
	if err := os.WriteFile(filepath.Join(dir, "model.safetensors"), []byte(lfsPointer), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenWeights(dir); !errors.Is(err, lfs.ErrPointer) {
		t.Errorf("error %v, want that it is a pointer", err)
	}
}

func TestOpenWeightsRefuses(t *testing.T) {
	shards := func(weightMap, one, two string) map[string]string {
		return map[string]string{"config.json": "{}", "model.safetensors.index.json": `{"weight_map":` + weightMap +
			`}`,
			"1.safetensors": one, "2.safetensors": two}
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"empty folder", nil, "needs a config.json"},
		{"no config", map[string]string{"model.safetensors": "a"}, "needs a config.json"},
		{"no weights", map[string]string{"config.json": "{}"},
			"no model.safetensors, no model.safetensors.index.json and no pytorch_model.bin"},
		{"damaged index of pickles", map[string]string{"config.json": "{}", "pytorch_model.bin.index.json": "x"},
			"pytorch_model.bin.index.json: "},
		{"missing shard", shards(`{"a":"1.safetensors","b":"3.safetensors"}`, "a", "b"),
			"shard 3.safetensors, which model.safetensors.index.json names, is missing"},
		{"tensor in two shards", shards(`{"a":"1.safetensors","b":"2.safetensors"}`, "a", "a b"),
			`tensor "a" is in 2.safetensors and in another shard`},
		{"adapter", map[string]string{"config.json": "{}", "adapter_config.json": "damaged"},
			"it holds an adapter (adapter_config.json), which changes its base model"},
		{"pointer for config.json", map[string]string{"config.json": lfsPointer, "model.safetensors": "a"},
			"config.json: it is a git-lfs pointer"},
		{"pointer for an index", map[string]string{"config.json": "{}", "model.safetensors.index.json": lfsPointer},
			"index.json: it is a git-lfs pointer"},
		{"damaged index", shards(`{"a"`, "a", ""), "model.safetensors.index.json: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := modelFolder(t, c.files)
			_, err := OpenWeights(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got error %v, want one with %q", err, c.want)
			}
			if !strings.HasPrefix(err.Error(), "open weights of "+dir+": ") {
				t.Errorf("the error %q does not name the folder", err)
			}
		})
	}
}

func TestOpenWeightsOfAFile(t *testing.T) {
	dir := modelFolder(t, map[string]string{"config.json": "{}"})
	if _, err := OpenWeights(filepath.Join(dir, "config.json")); err == nil ||
		!strings.Contains(err.Error(), "it is a file") {
		t.Errorf("got error %v", err)
	}
}

// TestOpenWeightsTruncated cuts the weights at every byte.
func TestOpenWeightsTruncated(t *testing.T) {
	dir := modelFolder(t, map[string]string{"config.json": "{}", "model.safetensors": "a b"})
	path := filepath.Join(dir, "model.safetensors")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenWeights(dir); err == nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("%d of %d bytes: got error %v, want one with the file's name", n, len(whole), err)
		}
	}
}

func TestParseIndexRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no weight_map", `{"metadata":{}}`, "no tensor in weight_map"},
		{"empty weight_map", `{"weight_map":{}}`, "no tensor in weight_map"},
		{"tensor twice", `{"weight_map":{"a":"1","a":"2"}}`, `key "a" stands there twice`},
		{"weight_map twice", `{"weight_map":{"a":"1"},"weight_map":{"b":"1"}}`, `key "weight_map" stands there twice`},
		{"file of a number", `{"weight_map":{"a":1}}`, `weight_map: tensor "a": got 1, want a string`},
		{"parent folder", `{"weight_map":{"a":"../x.safetensors"}}`, `file "../x.safetensors" is no plain name`},
		{"absolute path", `{"weight_map":{"a":"/etc/passwd"}}`, "is no plain name"},
		{"path of another system", `{"weight_map":{"a":"..\\x"}}`, "is no plain name"},
		{"the folder itself", `{"weight_map":{"a":"."}}`, "is no plain name"},
		{"no name", `{"weight_map":{"a":""}}`, "is no plain name"},
		{"text after it", `{"weight_map":{"a":"1"}} x`, "JSON"},
		{"no object", `[]`, "want an object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := parseIndex([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

// FuzzIndex reads any text: no file of an accepted index lies outside the folder.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"metadata":{"total_size":8},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":"../x"}}`))
	f.Add([]byte(`{"weight_map":{"a":"\u002e\u002e"}}`))
	f.Add([]byte(`{"weight_map":`))
	f.Fuzz(func(t *testing.T, text []byte) {
		shards, err := parseIndex(text)
		if err != nil {
			return
		}
		if len(shards) == 0 {
			t.Error("accepted an index without a tensor")
		}
		for name, file := range shards {
			if path := filepath.Join("dir", file); filepath.Dir(path) != "dir" {
				t.Errorf("tensor %q: accepted %q, which is %s", name, file, path)
			}
		}
	})
}

// TestGoldenWeights opens every golden model, copies its folder and compares the two.
func TestGoldenWeights(t *testing.T) {
	for _, dir := range golden.Cases(t, "model") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var want struct {
				ParameterNames []string `json:"parameter_names"`
				Parameters     int      `json:"parameters"`
			}
			golden.Read(t, dir, &want)
			w := openWeightsOf(t, dir)
			// A model may store aliases of a parameter besides the parameters themselves.
			for _, name := range want.ParameterNames {
				if _, ok := w.Tensor(name); !ok {
					t.Errorf("parameter %q is not there", name)
				}
			}
			if w.Elements() < want.Parameters {
				t.Errorf("got %d elements, want at least %d", w.Elements(), want.Parameters)
			}
			copied := filepath.Join(t.TempDir(), "copy")
			err := Create(copied, func(d *Dir) error {
				if err := d.WriteFile("config.json", w.Config()); err != nil {
					return err
				}
				var tensors []safetensors.Tensor
				for _, name := range w.Names() {
					tensor, _ := w.Tensor(name)
					tensors = append(tensors, tensor)
				}
				return d.WriteTensors("model.safetensors", tensors, map[string]string{"format": "pt"})
			})
			if err != nil {
				t.Fatal(err)
			}
			again := openWeightsOf(t, copied)
			if len(again.Names()) != len(w.Names()) {
				t.Errorf("got %d tensors, want %d", len(again.Names()), len(w.Names()))
			}
			for _, name := range w.Names() {
				a, _ := w.Tensor(name)
				b, _ := again.Tensor(name)
				if a.DType != b.DType || !slices.Equal(a.Shape, b.Shape) || !slices.Equal(a.Data, b.Data) {
					t.Errorf("tensor %q changed on its way", name)
				}
			}
		})
	}
}

func openWeightsOf(t testing.TB, dir string) *Weights {
	t.Helper()
	w, err := OpenWeights(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}
