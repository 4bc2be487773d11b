package checkpoints

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"t5train/checkpoints/safetensors"
)

func summedCheckpoint(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "checkpoint")
	err := Create(dir, func(d *Dir) error {
		tensors := []safetensors.Tensor{safetensors.FromFloat32("a", []int{3}, []float32{1, 2, 3})}
		return errors.Join(d.WriteFile("config.json", []byte("{}")), d.WriteTensors("model.safetensors", tensors, nil),
			d.WriteFile("trainer/state.json", []byte(`{"step": 1}`)), d.WriteChecksums())
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestVerifyFindsEveryFlippedBit(t *testing.T) {
	dir := summedCheckpoint(t)
	if err := Verify(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"model.safetensors", "trainer/state.json"} {
		path := filepath.Join(dir, name)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 * len(raw) {
			raw[i/8] ^= 1 << (i % 8)
			if err := os.WriteFile(path, raw, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := Verify(dir); !errors.Is(err, ErrDamaged) {
				t.Fatalf("%s, bit %d: error %v", name, i, err)
			}
			raw[i/8] ^= 1 << (i % 8)
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVerify(t *testing.T) {
	for name, c := range map[string]struct {
		file, text    string // "" removes it
		good, damaged bool
	}{
		"edited configuration": {"config.json", `{"a": 1}`, true, false},
		"no checksums":         {checksumsName, "", true, false},
		"cut":                  {"model.safetensors", "{", false, true},
		"missing":              {"model.safetensors", "", false, false},
		"no JSON":              {checksumsName, "{", false, true},
		"a way out":            {checksumsName, `{"../config.json": {}}`, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := summedCheckpoint(t)
			path := filepath.Join(dir, c.file)
			if c.text == "" {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			} else if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := Verify(dir); (err == nil) != c.good || errors.Is(err, ErrDamaged) != c.damaged {
				t.Errorf("error %v", err)
			}
		})
	}
}
