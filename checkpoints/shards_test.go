package checkpoints

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints/safetensors"
)

func TestWriteWeights(t *testing.T) {
	tensor := func(name string, n int) safetensors.Lazy {
		return safetensors.FromFloat32(name, []int{n}, make([]float32, n)).Lazy()
	}
	tensors := []safetensors.Lazy{tensor("a", 2), tensor("b", 2), tensor("large", 9), tensor("c", 1)}
	for _, tt := range []struct {
		name     string
		maxShard int64
		files    []string
	}{
		{"one file", 1000, []string{"model.safetensors"}},
		{"exactly", 56, []string{"model.safetensors"}},
		{"two to a file", 16, []string{"model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
			"model-00003-of-00003.safetensors", floatFiles.index()}},
		{"one to a file", 1, []string{
			"model-00001-of-00004.safetensors", "model-00002-of-00004.safetensors", "model-00003-of-00004.safetensors",
			"model-00004-of-00004.safetensors", floatFiles.index(),
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "model")
			err := Create(dir, func(d *Dir) error {
				if err := d.WriteFile(configName, []byte("{}")); err != nil {
					return err
				}
				return d.WriteWeights(tensors, tt.maxShard)
			})
			if err != nil {
				t.Fatal(err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			var files []string
			for _, e := range entries[1:] { // after config.json
				files = append(files, e.Name())
			}
			if !slices.Equal(files, tt.files) {
				t.Errorf("got files %v, want %v", files, tt.files)
			}
			w, err := OpenWeights(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if names := w.Names(); len(names) != 4 || w.Bytes() != 56 {
				t.Errorf("got tensors %v of %d bytes", names, w.Bytes())
			}
			if index, err := os.ReadFile(filepath.Join(dir, floatFiles.index())); err == nil &&
				!strings.Contains(string(index), `"total_size": 56`) {
				t.Errorf("index has another total size:\n%s", index)
			}
		})
	}
}
