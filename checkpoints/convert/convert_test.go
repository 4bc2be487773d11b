package convert

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
)

func convert(dir, out string, o ConvertOptions) error {
	return Convert(context.Background(), dir, out, o, nil)
}

func TestConvertTypes(t *testing.T) {
	dir := testrun.Model(t, 40)
	from, err := checkpoints.LoadModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, relative := range map[string]float64{"float32": 0, "bfloat16": 1.0 / 256, "float16": 1.0 / 2048} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			if err := convert(dir, out, ConvertOptions{DType: name, MaxShardSize: 20_000}); err != nil {
				t.Fatal(err)
			}
			shards, err := filepath.Glob(filepath.Join(out, "model-*.safetensors"))
			if err != nil || len(shards) < 2 {
				t.Errorf("got shards %v, %v", shards, err)
			}
			weights, err := checkpoints.OpenWeights(out)
			if err != nil {
				t.Fatal(err)
			}
			defer weights.Close()
			if types := weights.DTypes(); len(types) != 1 || types[0].DType != dtypes[name] {
				t.Errorf("stored as %v", types)
			}
			if !strings.Contains(string(weights.Config()), `"torch_dtype": "`+name+`"`) {
				t.Errorf("config.json has another type:\n%s", weights.Config())
			}
			b, _, err := checkpoints.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range b.Model.Params {
				for j, v := range p.Value {
					want := from.Params[i].Value[j]
					if diff := math.Abs(float64(v - want)); diff > relative*math.Abs(float64(want))+1e-7 {
						t.Fatalf("%s[%d] is %g, want %g", p.Name, j, v, want)
					}
				}
			}
		})
	}
}

// Files that the conversion does not change are taken along; the state of the training is not.
func TestConvertFiles(t *testing.T) {
	dir := testrun.Model(t, 40)
	testdir.Write(t, dir, "special_tokens_map.json", `{"mine": true}`)
	if err := os.Mkdir(filepath.Join(dir, "trainer"), 0o777); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "a", "b")
	if err := convert(dir, out, ConvertOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(filepath.Join(out, "special_tokens_map.json")); string(got) != `{"mine": true}` {
		t.Errorf("special_tokens_map.json: got %q", got)
	}
	for name, want := range map[string]bool{
		"generation_config.json": true, "spiece.model": true, "tokenizer.json": true, "t5train.json": true,
		"model.safetensors": true, "trainer": false,
	} {
		if _, err := os.Stat(filepath.Join(out, name)); (err == nil) != want {
			t.Errorf("%s: %v, want it there: %v", name, err, want)
		}
	}
}

func TestConvertVocabulary(t *testing.T) {
	dir := testrun.Model(t, 40)
	from, err := checkpoints.LoadModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	columns := from.Config.DModel
	for _, rows := range []int{64, testrun.TinyVocab} {
		out := filepath.Join(t.TempDir(), "out")
		if err := convert(dir, out, ConvertOptions{VocabSize: rows}); err != nil {
			t.Fatal(err)
		}
		got, err := checkpoints.LoadModel(out)
		if err != nil {
			t.Fatal(err)
		}
		if got.Config.VocabSize != rows {
			t.Errorf("vocab_size is %d, want %d", got.Config.VocabSize, rows)
		}
		for i, name := range []string{"shared", "lm_head"} {
			old, new := from.Shared.Value, got.Shared.Value
			if i == 1 {
				old, new = from.LMHead.Value, got.LMHead.Value
			}
			kept := min(len(old), len(new))
			if !slices.Equal(new[:kept], old[:kept]) {
				t.Errorf("%d rows: %s lost values", rows, name)
			}
			for j := kept; j < len(new); j++ {
				mean := 0.0
				for r := range 40 {
					mean += float64(old[r*columns+j%columns]) / 40
				}
				if math.Abs(float64(new[j])-mean) > 1e-6 {
					t.Fatalf("%d rows: %s[%d] is %g, want the mean %g", rows, name, j, new[j], mean)
				}
			}
		}
	}
}

// A head that differs from the embedding may not after rounding: config.json must say what it was.
func TestConvertKeepsAnUntiedHead(t *testing.T) {
	dir := testrun.Model(t, 40)
	weights, err := checkpoints.OpenWeights(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer weights.Close()
	var tensors []safetensors.Tensor
	for _, name := range weights.Names() {
		tensor, _ := weights.Tensor(name)
		if name == "lm_head.weight" {
			shared, _ := weights.Tensor("shared.weight")
			values, err := shared.Float32()
			if err != nil {
				t.Fatal(err)
			}
			values[0] = math.Nextafter32(values[0], 2)
			tensor = safetensors.FromFloat32(name, shared.Shape, values)
		}
		tensors = append(tensors, tensor)
	}
	config := strings.Replace(string(weights.Config()), `"tie_word_embeddings": false`,
		`"tie_word_embeddings": true`, 1)
	config = strings.Replace(config, `"scale_decoder_outputs": false,`, "", 1)
	near := filepath.Join(t.TempDir(), "near")
	err = checkpoints.Create(near, func(d *checkpoints.Dir) error {
		return errors.Join(d.WriteFile("config.json", []byte(config)), d.WriteTensors("model.safetensors", tensors,
			nil))
	})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := convert(near, out, ConvertOptions{DType: "bfloat16"}); err != nil {
		t.Fatal(err)
	}
	before, err := checkpoints.LoadModel(near)
	if err != nil {
		t.Fatal(err)
	}
	after, err := checkpoints.LoadModel(out)
	if err != nil {
		t.Fatal(err)
	}
	if after.Config.TieWordEmbeddings || after.Config.ScaleDecoderOutputs != before.Config.ScaleDecoderOutputs {
		t.Errorf("tied %v, scaled %v, want no tied head, scaled %v", after.Config.TieWordEmbeddings,
			after.Config.ScaleDecoderOutputs,
			before.Config.ScaleDecoderOutputs)
	}
}

func TestConvertRefuses(t *testing.T) {
	dir := testrun.Model(t, 40)
	full := filepath.Join(t.TempDir(), "full")
	if err := convert(dir, full, ConvertOptions{}); err != nil {
		t.Fatal(err)
	}
	bare := testrun.Model(t, 40)
	for _, name := range []string{"spiece.model", "tokenizer.json"} {
		if err := os.Remove(filepath.Join(bare, name)); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	testdir.Write(t, filepath.Dir(file), "file", "")
	fresh := filepath.Join(t.TempDir(), "fresh")
	for _, tt := range []struct {
		name, dir, out string
		o              ConvertOptions
		want           string
	}{
		{"the same folder", dir, dir + "/../model", ConvertOptions{}, "that is the checkpoint itself"},
		{"a full folder", dir, full, ConvertOptions{}, "the folder holds files already"},
		{"a file", dir, file, ConvertOptions{}, "a file of that name is there"},
		{"an unknown type", dir, fresh, ConvertOptions{DType: "int4"},
			`the type is "int4", want one of float32, bfloat16`},
		{"used rows", dir, fresh, ConvertOptions{VocabSize: testrun.TinyVocab - 1},
			"29 rows are too few: the tokenizer has 30 tokens"},
		{"no tokenizer", bare, fresh, ConvertOptions{VocabSize: testrun.TinyVocab},
			"which are in use only the tokenizer tells"},
		{"no checkpoint", t.TempDir(), fresh, ConvertOptions{}, "it holds no config.json"},
	} {
		err := convert(tt.dir, tt.out, tt.o)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want one with %q", tt.name, err, tt.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := Convert(ctx, dir, fresh, ConvertOptions{MaxShardSize: 1}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got error %v", err)
	}
	if entries, err := filepath.Glob(filepath.Join(filepath.Dir(fresh), "*")); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
