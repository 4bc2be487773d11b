package convert

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
)

// An encoder alone is converted like a whole model, with the projection of sentence-transformers beside it.
func TestConvertEncoder(t *testing.T) {
	dir := testrun.EncoderOf(t, testrun.Model(t, 40))
	testdir.Write(t, dir, "modules.json",
		`[{"path": ""}, {"path": "1_Pooling"}, {"path": "2_Dense"}, {"path": "3_Normalize"}]`)
	testdir.Write(t, dir, "sentence_bert_config.json", "{}")
	for _, name := range []string{"1_Pooling", "2_Dense"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
		testdir.Write(t, dir, filepath.Join(name, "config.json"), name)
	}
	want, _, err := checkpoints.OpenWith(dir, checkpoints.OpenOptions{Encoder: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]ConvertOptions{
		"bfloat16": {DType: "bfloat16"}, "int8": {DType: Int8}, "rows": {VocabSize: 64}, "as stored": {},
	} {
		out := filepath.Join(t.TempDir(), "out")
		if err := convert(dir, out, o); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, _, err := checkpoints.OpenWith(out, checkpoints.OpenOptions{Encoder: true})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(got.Model.Params) != len(want.Model.Params) {
			t.Errorf("%s: %d parameters, want %d", name, len(got.Model.Params), len(want.Model.Params))
		}
		for _, file := range []string{"modules.json", "sentence_bert_config.json", "2_Dense/config.json"} {
			text, same := testdir.Read(t, filepath.Join(out, file)), testdir.Read(t, filepath.Join(dir, file))
			if string(text) != string(same) {
				t.Errorf("%s: %s is %q, want %q", name, file, text, same)
			}
		}
		if _, err := os.Stat(filepath.Join(out, checkpoints.GenerationName)); err == nil {
			t.Errorf("%s: an encoder has settings of generation", name)
		}
	}
	for name, err := range map[string]error{
		"keeps its vocabulary": convert(dir, filepath.Join(t.TempDir(), "x"),
			ConvertOptions{Tokenizer: testrun.TinyTokenizer(t)}),
		"an encoder alone": GGUF(t.Context(), dir, filepath.Join(t.TempDir(), "x"), ConvertOptions{}, nil),
	} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
	testdir.Write(t, dir, "modules.json", `[{"path": "../elsewhere"}]`)
	if err := convert(dir, filepath.Join(t.TempDir(), "x"), ConvertOptions{}); err == nil ||
		!strings.Contains(err.Error(), "leads out of the folder") {
		t.Errorf("a path out of the folder: got %v", err)
	}
}
