package checkpoints_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/internal/testrun"
)

// A folder of pytorch_model.bin is that of model.safetensors.
func TestOpenPyTorch(t *testing.T) {
	dir := testrun.Model(t, testrun.TinyVocab)
	want, err := checkpoints.LoadModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, shards := range []int{1, 3} {
		folder := t.TempDir()
		if err := os.CopyFS(folder, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if err := testrun.AsPyTorch(folder, shards); err != nil {
			t.Fatal(err)
		}
		got, _, err := checkpoints.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range got.Model.Params {
			if w := want.Params[i]; p.Name != w.Name || !slices.Equal(p.Value, w.Value) {
				t.Errorf("%d shards: %s holds other values", shards, p.Name)
			}
		}
		config, err := checkpoints.ReadModelConfig(folder, false)
		if err != nil || config.DModel != want.Config.DModel {
			t.Errorf("%d shards: %+v, %v", shards, config, err)
		}
	}
}

// The digest follows pytorch_model.bin where it is read, and not where it lies beside model.safetensors.
func TestDigestOfPyTorch(t *testing.T) {
	dir := testrun.Model(t, testrun.TinyVocab)
	path := filepath.Join(dir, "pytorch_model.bin")
	digest := func(content string) string {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		d, err := checkpoints.Digest(dir)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if digest("a") != digest("b") {
		t.Error("a file that is not read changes the digest")
	}
	if err := os.Remove(filepath.Join(dir, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	if digest("a") == digest("b") {
		t.Error("other weights have the same digest")
	}
	if _, _, err := checkpoints.Open(dir); err == nil || !strings.Contains(err.Error(), "pytorch_model.bin") {
		t.Errorf("no file of weights: error %v", err)
	}
}
