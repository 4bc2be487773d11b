package testrun

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/internal/testdir"
)

// EncoderOf copies a model folder without its decoder, as a T5EncoderModel of transformers is stored.
func EncoderOf(t *testing.T, dir string) string {
	t.Helper()
	w, err := checkpoints.OpenWeights(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var tensors []safetensors.Tensor
	for _, name := range w.Names() {
		if tensor, _ := w.Tensor(name); !strings.HasPrefix(name, "decoder.") && name != "lm_head.weight" {
			tensors = append(tensors, tensor)
		}
	}
	to := t.TempDir()
	f, err := os.Create(filepath.Join(to, "model.safetensors"))
	if err == nil {
		err = safetensors.Write(f, tensors, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	config := strings.Replace(string(w.Config()), `"is_encoder_decoder": true`, `"is_encoder_decoder": false`, 1)
	testdir.Write(t, to, "config.json", config)
	for _, name := range []string{"spiece.model", "tokenizer_config.json"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		testdir.Write(t, to, name, string(string(raw)))
	}
	return to
}
