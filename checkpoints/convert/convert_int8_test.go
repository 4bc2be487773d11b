package convert

import (
	"path/filepath"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
)

func TestConvertInt8(t *testing.T) {
	dir := testrun.Model(t, 40)
	for name, o := range map[string]ConvertOptions{
		"one file": {DType: Int8}, "shards": {DType: Int8, MaxShardSize: 5_000}, "more rows": {DType: Int8,
			VocabSize: 64},
	} {
		t.Run(name, func(t *testing.T) {
			float := filepath.Join(t.TempDir(), "float")
			if err := convert(dir, float, ConvertOptions{VocabSize: o.VocabSize}); err != nil {
				t.Fatal(err)
			}
			want, err := checkpoints.LoadModel(float)
			if err != nil {
				t.Fatal(err)
			}
			if err := want.QuantizeInt8(); err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(t.TempDir(), "out")
			if err := convert(dir, out, o); err != nil {
				t.Fatal(err)
			}
			// transformers opens what is named model.safetensors, or in an index of that name.
			if files, err := filepath.Glob(filepath.Join(out, "model.safetensors*")); err != nil || len(files) > 0 {
				t.Errorf("transformers would open %v, %v", files, err)
			}
			if files, err := filepath.Glob(filepath.Join(out, "model.int8*.safetensors")); err != nil ||
				len(files) > 1 != (name == "shards") {
				t.Errorf("files %v, %v", files, err)
			}
			b, _, err := checkpoints.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range b.Model.Params {
				q := want.Params[i]
				if p.Int8 == nil {
					for j, v := range p.Value {
						if v != q.Value[j] {
							t.Fatalf("%s[%d] is %g, want %g", p.Name, j, v, q.Value[j])
						}
					}
					continue
				}
				got, row := make([]float32, p.Shape[1]), make([]float32, p.Shape[1])
				for o := range p.Shape[0] {
					p.Int8.Rows(got, o, o+1)
					q.Int8.Rows(row, o, o+1)
					for j, v := range got {
						if v != row[j] {
							t.Fatalf("%s: element [%d, %d] is %g, want %g", p.Name, o, j, v, row[j])
						}
					}
				}
			}
		})
	}
}

// Weights of both types in one folder leave open which are meant.
func TestOpenRefusesTwoKindsOfWeights(t *testing.T) {
	dir := testrun.Model(t, 40)
	testdir.Write(t, dir, "model.int8.safetensors", "")
	if _, err := checkpoints.OpenWeights(dir); err == nil || !strings.Contains(err.Error(),
		"it holds both model.safetensors and model.int8.safetensors: remove one of them") {
		t.Errorf("got error %v", err)
	}
}
