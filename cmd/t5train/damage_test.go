package main

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
)

// One bit of the weights of a run is flipped, or a weight of a folder without checksums is NaN. Every command that
// reads weights says so, and takes them all the same when told.
func TestDamagedWeights(t *testing.T) {
	run, _ := manyInputs(t)
	hf := filepath.Join(t.TempDir(), "hf")
	if out, err := exec.Command("t5train", "convert", "--model", run, "--output",
		hf).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dir, _, err := checkpoints.Resolve(run)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(data []byte) { data[3] ^= 0x40 } // of the exponent of the first element
	damageTensor(t, filepath.Join(dir, "model.safetensors"), flip)
	nan := func(data []byte) { copy(data, "\x00\x00\xc0\x7f") }
	damageTensor(t, filepath.Join(hf, "model.safetensors"), nan)

	const bit, notFinite = "model.safetensors is damaged", "tensor " + damaged + " is not finite: element [0 0] is NaN"
	const data = "../../testdata/sms_spam/validation-00000-of-00001.parquet"
	for _, c := range []struct{ command, path, want string }{
		{"predict --model PATH --text hello --task seq2seq", run, bit},
		{"predict --model PATH --text hello --task seq2seq", hf, notFinite},
		{"evaluate --model PATH --task classification --input " + data, run, bit},
		{"score --model PATH --text hello --target ham", run, bit},
		{"serve --model PATH --address 256.0.0.1:0", run, bit},
		{"inspect PATH", run, bit},
		{"convert --model PATH --output OUT --dtype bfloat16", run, bit},
		{"convert --model PATH --output OUT --dtype bfloat16", hf, notFinite},
		{"convert --model PATH --output OUT", hf, notFinite},
		{"finetune --model PATH --task classification --train " + data + " --output OUT --steps 1", run, bit},
	} {
		t.Run(strings.Fields(c.command)[0], func(t *testing.T) {
			command := strings.NewReplacer("PATH", c.path, "OUT", filepath.Join(t.TempDir(), "out")).Replace(c.command)
			out, err := exec.Command("t5train", strings.Fields(command)...).CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("%v\n%s\nwant %s", err, out, c.want)
			}
		})
	}
	command := "convert --model " + run + " --output " + filepath.Join(t.TempDir(), "out") + " --no-verify"
	if out, err := exec.Command("t5train", strings.Fields(command)...).CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", command, err, out)
	}
}

// damaged is a tensor that damageTensor damages.
const damaged = "encoder.block.0.layer.0.SelfAttention.v.weight"

func damageTensor(t *testing.T, path string, damage func(data []byte)) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	begin := 8 + int(binary.LittleEndian.Uint64(raw)) // of the data, which is in the order of the names
	for _, name := range f.Names() {
		tensor, _ := f.Tensor(name)
		if name == damaged {
			damage(raw[begin : begin+len(tensor.Data)])
		}
		begin += len(tensor.Data)
	}
	if err := os.Rename(path, path+".whole"); err != nil { // f has it mapped
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
