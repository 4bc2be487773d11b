package embed

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/checkpoints/safetensors"
	"t5train/internal/testrun"
	"t5train/trainer/predict"
)

const (
	transformer = `{"path": "", "type": "sentence_transformers.models.Transformer"}`
	pooling     = `{"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}`
	projection  = `{"path": "2_Dense", "type": "sentence_transformers.models.Dense"}`
	length1     = `{"path": "3_Normalize", "type": "sentence_transformers.models.Normalize"}`
)

// sentence adds to a folder of an encoder what sentence-transformers writes; changes are files in place of these.
func sentence(t *testing.T, dir string, weight, bias []float32, changes map[string]string) {
	t.Helper()
	files := map[string]string{
		"modules.json":               "[" + transformer + "," + pooling + "," + projection + "]",
		"sentence_bert_config.json":  `{"max_seq_length": 40, "do_lower_case": false}`,
		"1_Pooling/config.json":      `{"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}`,
		"2_Dense/model.safetensors":  "",
		"2_Dense/config.json":        "",
		"3_Normalize/config.json":    "{}",
		"1_Pooling/model/unread.txt": "",
	}
	d := len(weight) / 2
	config := map[string]any{"in_features": d, "out_features": 2, "bias": bias != nil,
		"activation_function": "torch.nn.modules.linear.Identity"}
	tensors := []safetensors.Tensor{safetensors.FromFloat32("linear.weight", []int{2, d}, weight)}
	if bias != nil {
		config["activation_function"] = "torch.nn.modules.activation.Tanh"
		tensors = append(tensors, safetensors.FromFloat32("linear.bias", []int{2}, bias))
	}
	raw, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	files["2_Dense/config.json"] = string(raw)
	for name, text := range changes {
		files[name] = text
	}
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	f, err := os.Create(filepath.Join(dir, "2_Dense/model.safetensors"))
	if err == nil {
		err = safetensors.Write(f, tensors, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

func TestSentenceTransformersFolder(t *testing.T) {
	dir := testrun.Model(t, testrun.TinyVocab)
	plain := vectors(t, open(t, dir, predict.PredictorOptions{}, Options{}), texts...)
	d := len(plain[0].Embedding)
	weight := make([]float32, 2*d)
	for i := range weight {
		weight[i] = float32(i%7) / 5
	}
	products := func(v []float32) (p [2]float64) {
		for i, x := range v {
			p[0], p[1] = p[0]+float64(x*weight[i]), p[1]+float64(x*weight[d+i])
		}
		return p
	}
	bias := []float32{0.5, -0.25}
	sentence(t, dir, weight, bias, nil)
	e := open(t, dir, predict.PredictorOptions{}, Options{})
	if e.maxInput != 40 {
		t.Errorf("inputs of at most %d tokens, want 40", e.maxInput)
	}
	for i, v := range vectors(t, e, texts...) {
		p := products(plain[i].Embedding)
		checkNear(t, "tanh", v.Embedding, []float64{math.Tanh(p[0] + 0.5), math.Tanh(p[1] - 0.25)})
	}
	sentence(t, dir, weight, nil, map[string]string{
		"modules.json":          "[" + transformer + "," + pooling + "," + projection + "," + length1 + "]",
		"1_Pooling/config.json": `{"pooling_mode": "mean"}`,
		"config_sentence_transformers.json": `{"prompts": {"query": "win "}, "default_prompt_name": "query",
			"similarity_fn_name": "cosine"}`,
	})
	e = open(t, dir, predict.PredictorOptions{}, Options{})
	for i, v := range vectors(t, e, texts...) {
		p := products(plain[i].Embedding)
		length := math.Hypot(p[0], p[1])
		checkNear(t, "normalized", v.Embedding, []float64{p[0] / length, p[1] / length})
	}
	if got := e.Task().InputPrefix(); got != "win " {
		t.Errorf("prefix %q, want the default prompt", got)
	}
	if d := vectors(t, open(t, dir, predict.PredictorOptions{}, Options{PerToken: true}), "a")[0].Tokens[0]; len(d) !=
		len(plain[0].Embedding) {
		t.Errorf("the vector of a token has %d numbers", len(d))
	}
}

func TestSentenceTransformersFoldersThatAreRefused(t *testing.T) {
	dir := testrun.Model(t, testrun.TinyVocab)
	weight := make([]float32, 2*len(vectors(t, open(t, dir, predict.PredictorOptions{}, Options{}), "a")[0].Embedding))
	for name, c := range map[string]struct{ file, text, want string }{
		"another pooling": {"1_Pooling/config.json", `{"pooling_mode_max_tokens": true}`, `pooling ["max"]`},
		"two poolings": {"1_Pooling/config.json",
			`{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true}`, "want mean alone"},
		"another module": {"modules.json", "[" + transformer + "," + pooling + `,{"type": "x.LSTM", "path": "2_LSTM"}]`,
			`"x.LSTM" as module 2 is not supported`},
		"projection after length 1": {"modules.json",
			"[" + transformer + "," + pooling + "," + length1 + "," + projection + "]", "in this order"},
		"no pooling":   {"modules.json", "[" + transformer + "]", "has 1 modules"},
		"other folder": {"modules.json", `[{"path": "../x", "type": "m.Transformer"}]`, "leads out of the folder"},
		"no JSON":      {"modules.json", "[", "modules.json"},
		"lower case":   {"sentence_bert_config.json", `{"do_lower_case": true}`, "do_lower_case"},
		"no length":    {"sentence_bert_config.json", `{"max_seq_length": 0}`, "want at least 2"},
		"another width": {"2_Dense/config.json", `{"in_features": 5, "out_features": 2}`,
			"in_features is 5"},
		"another activation": {"2_Dense/config.json", `{"activation_function": "torch.nn.modules.activation.ReLU"}`,
			"ReLU"},
		"no prompt": {"config_sentence_transformers.json", `{"default_prompt_name": "q"}`, `"q", which prompts`},
	} {
		changed := map[string]string{c.file: c.text}
		sentence(t, dir, weight, nil, changed)
		if c.file == "2_Dense/config.json" {
			write(t, filepath.Join(dir, c.file), c.text)
		}
		if _, err := Open(dir, predict.OpenOptions{}, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		os.Remove(filepath.Join(dir, "config_sentence_transformers.json"))
	}
	sentence(t, dir, weight, nil, nil)
	os.Remove(filepath.Join(dir, "1_Pooling/config.json"))
	if _, err := Open(dir, predict.OpenOptions{}, Options{}); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("without the file of the pooling: error %v", err)
	}
}
