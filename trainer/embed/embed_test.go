package embed

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/internal/testrun"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
	"t5train/trainer/predict"
)

var texts = []string{"win a prize", "", "see you at home"}

func open(t *testing.T, dir string, limits predict.PredictorOptions, o Options) *Embedder {
	t.Helper()
	e, err := Open(dir, predict.OpenOptions{Threads: 1, Limits: limits}, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func vectors(t *testing.T, e *Embedder, texts ...string) []Vectors {
	t.Helper()
	v, err := e.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func checkNear(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i])-w) <= 1e-6*max(1, math.Abs(w))) {
			t.Fatalf("%s: number %d is %g, want %g", what, i, got[i], w)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// The vector of a text is the mean of the states of its tokens, alone or among others, from a whole model or from its
// encoder.
func TestEmbedIsTheMeanOfStates(t *testing.T) {
	dir := testrun.Model(t, testrun.TinyVocab)
	folder, _, err := checkpoints.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	encoder := testrun.EncoderOf(t, dir)
	pooled, tokens := vectors(t, open(t, dir, predict.PredictorOptions{}, Options{}), texts...),
		vectors(t, open(t, encoder, predict.PredictorOptions{}, Options{PerToken: true}), texts...)
	for i, text := range texts {
		ids := append(folder.Tokenizer.Encode(text), folder.Tokenizer.EOS())
		if !slices.Equal(pooled[i].IDs, ids) {
			t.Fatalf("%q was read as %v, want %v", text, pooled[i].IDs, ids)
		}
		var r op.Ragged
		r.Append(ids...)
		states := model.Network[op.Matrix]{Backend: op.NewEager(kernel.NewWorkers(1))}.Encode(folder.Model, &r)
		want := make([]float64, states.Cols)
		for row := range states.Rows {
			state := make([]float64, states.Cols)
			for j := range state {
				state[j] = float64(states.Data[row*states.Cols+j])
				want[j] += state[j] / float64(states.Rows)
			}
			checkNear(t, "state of a token", tokens[i].Tokens[row], state)
		}
		if len(tokens[i].Tokens) != len(ids) || tokens[i].Embedding != nil || pooled[i].Tokens != nil {
			t.Errorf("%q: %d states of tokens, want %d, and no other vectors", text, len(tokens[i].Tokens), len(ids))
		}
		checkNear(t, "mean", pooled[i].Embedding, want)
	}
}

func TestNormalize(t *testing.T) {
	dir := testrun.Model(t, testrun.TinyVocab)
	plain := vectors(t, open(t, dir, predict.PredictorOptions{}, Options{}), texts[0])[0].Embedding
	var squares float64
	want := make([]float64, len(plain))
	for _, x := range plain {
		squares += float64(x) * float64(x)
	}
	for i, x := range plain {
		want[i] = float64(x) / math.Sqrt(squares)
	}
	checkNear(t, "normalized", vectors(t, open(t, dir, predict.PredictorOptions{}, Options{Normalize: true}),
		texts[0])[0].Embedding, want)
	for _, v := range vectors(t, open(t, dir, predict.PredictorOptions{}, Options{Normalize: true, PerToken: true}),
		texts...) {
		for _, row := range v.Tokens {
			squares = 0
			for _, x := range row {
				squares += float64(x) * float64(x)
			}
			if math.Abs(squares-1) > 1e-5 {
				t.Errorf("the vector of a token has length %g", math.Sqrt(squares))
			}
		}
	}
}

// A folder in eight bits embeds nearly as the one that it was made of.
func TestEmbedInt8(t *testing.T) {
	dir := testrun.Model(t, testrun.TinyVocab)
	folder, _, err := checkpoints.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := vectors(t, open(t, dir, predict.PredictorOptions{}, Options{Normalize: true}), texts...)
	if err := folder.Model.QuantizeInt8(); err != nil {
		t.Fatal(err)
	}
	e := open(t, dir, predict.PredictorOptions{}, Options{Normalize: true})
	e.folder = folder
	for i, v := range vectors(t, e, texts...) {
		var cosine float64
		for j, x := range v.Embedding {
			cosine += float64(x) * float64(want[i].Embedding[j])
		}
		if !(cosine > 0.99) {
			t.Errorf("%q: cosine %g of the vectors in eight bits and in float32", texts[i], cosine)
		}
	}
}

func TestInputsAreCut(t *testing.T) {
	dir := testrun.Model(t, testrun.TinyVocab)
	v := vectors(t, open(t, dir, predict.PredictorOptions{MaxInputLength: 3}, Options{}), "win a prize now", "a")
	if len(v[0].IDs) != 3 || !v[0].InputCut || v[1].InputCut {
		t.Errorf("%d tokens, cut %t; the short one %t", len(v[0].IDs), v[0].InputCut, v[1].InputCut)
	}
}

func TestStatesThatAreNotFinite(t *testing.T) {
	e := open(t, testrun.Model(t, testrun.TinyVocab), predict.PredictorOptions{}, Options{})
	e.folder.Model.Encoder.FinalLayerNorm.Weight.Value[3] = float32(math.NaN())
	if _, err := e.Embed(t.Context(), texts); err == nil || !strings.Contains(err.Error(), "NaN") {
		t.Errorf("error %v", err)
	}
}

// A folder is opened as it is: a whole model, or an encoder where that is all that there is. A whole model that says
// that it is none is refused as ever.
func TestOpenEither(t *testing.T) {
	dir := testrun.Model(t, testrun.TinyVocab)
	for path, whole := range map[string]bool{dir: true, testrun.EncoderOf(t, dir): false} {
		for _, dtype := range []kernel.Precision{kernel.Float32, kernel.BFloat16} {
			folder, err := predict.OpenEither(path, predict.OpenOptions{DType: dtype})
			if err != nil {
				t.Fatal(err)
			}
			if got := folder.Model.LMHead != nil; got != whole {
				t.Errorf("%s in %v is opened with a decoder: %v, want %v", path, dtype, got, whole)
			}
		}
	}
	if _, err := predict.OpenFolder(testrun.EncoderOf(t, dir), predict.OpenOptions{}); err == nil {
		t.Error("a model that has to write may be an encoder alone")
	}
	config, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	wrong := bytes.Replace(config, []byte(`"is_encoder_decoder": true`), []byte(`"is_encoder_decoder": false`), 1)
	if err := os.WriteFile(filepath.Join(dir, "config.json"), wrong, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := predict.OpenEither(dir, predict.OpenOptions{}); err == nil ||
		!strings.Contains(err.Error(), "is_encoder_decoder is false") {
		t.Errorf("error %v", err)
	}
}
