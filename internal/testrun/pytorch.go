package testrun

import (
	"archive/zip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
)

// AsPyTorch gives a model folder with float32 weights pytorch_model.bin, or as many shards of that, in place of
// model.safetensors.
func AsPyTorch(dir string, shards int) error {
	w, err := checkpoints.OpenWeights(dir)
	if err != nil {
		return err
	}
	defer w.Close()
	files := make([][]safetensors.Tensor, shards)
	index := map[string]string{}
	for i, name := range w.Names() {
		tensor, _ := w.Tensor(name)
		shard := i * shards / len(w.Names())
		files[shard] = append(files[shard], tensor)
		index[name] = fmt.Sprintf("pytorch_model-%05d-of-%05d.bin", shard+1, shards)
	}
	for i, tensors := range files {
		name := fmt.Sprintf("pytorch_model-%05d-of-%05d.bin", i+1, shards)
		if shards == 1 {
			name = "pytorch_model.bin"
		}
		if err := writePyTorch(filepath.Join(dir, name), tensors); err != nil {
			return err
		}
	}
	if shards > 1 {
		raw, err := json.Marshal(map[string]any{"weight_map": index})
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "pytorch_model.bin.index.json"), raw, 0o666); err != nil {
			return err
		}
	}
	return os.Remove(filepath.Join(dir, "model.safetensors"))
}

// writePyTorch writes what torch.save writes of a dictionary of float32 tensors.
func writePyTorch(path string, tensors []safetensors.Tensor) error {
	text := func(s string) string { // BINUNICODE
		return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
	}
	number := func(n int) string { // BININT
		return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(n)))
	}
	pickle := "\x80\x02}("
	for i, t := range tensors {
		shape, stride, size := "(", "", 1
		for d := len(t.Shape) - 1; d >= 0; d-- {
			stride, size = number(size)+stride, size*t.Shape[d]
		}
		for _, n := range t.Shape {
			shape += number(n)
		}
		pickle += text(t.Name) + "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" +
			text(fmt.Sprint(i)) + text("cpu") + number(size) + "tQ" + number(0) + shape + "t(" + stride +
			"t\x89ccollections\nOrderedDict\n)RtR"
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := zip.NewWriter(f)
	write := func(name string, data []byte) error {
		to, err := w.CreateHeader(&zip.FileHeader{Name: "archive/" + name, Method: zip.Store})
		if err == nil {
			_, err = to.Write(data)
		}
		return err
	}
	if err := write("data.pkl", []byte(pickle+"u.")); err != nil {
		return err
	}
	for i, t := range tensors {
		if err := write(fmt.Sprintf("data/%d", i), t.Data); err != nil {
			return err
		}
	}
	return w.Close()
}
