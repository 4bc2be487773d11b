package peft_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints/peft"
	"t5train/checkpoints/safetensors"
	"t5train/internal/testdir"
	"t5train/model"
)

func TestMain(m *testing.M) {
	testdir.InMemory()
	os.Exit(m.Run())
}

func tiny(t testing.TB) *model.T5 {
	t.Helper()
	size, err := model.SizeByName("v1_1-tiny")
	if err != nil {
		t.Fatal(err)
	}
	c := size.Config
	c.VocabSize = 64
	m, err := model.New(c)
	if err != nil {
		t.Fatal(err)
	}
	m.Init(1)
	return m
}

// write writes the adapter of a model to a folder.
func write(t *testing.T, m *model.T5, c peft.Config) (dir string) {
	t.Helper()
	raw, err := c.JSON(m)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	testdir.Write(t, dir, peft.ConfigName, string(raw))
	f, err := os.Create(filepath.Join(dir, peft.WeightsName))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := safetensors.Write(f, peft.Tensors(m), nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What is written is read again: values, ranks, scales and the modules that are trained in full.
func TestRoundTrip(t *testing.T) {
	m := tiny(t)
	c := peft.New("base", 2, 3, 0.1, []string{"q", "EncDecAttention.v"}, []string{"lm_head", "final_layer_norm"})
	if err := c.Start(m, 5); err != nil {
		t.Fatal(err)
	}
	for i, p := range m.Trained() {
		for j := range p.Value {
			p.Value[j] = float32(math.Sin(float64(i + j)))
		}
	}
	if n, want := len(m.Trained()), 3+2*(4+2+2); n != want {
		t.Errorf("%d parameters are trained, want %d", n, want)
	}
	again := tiny(t)
	read, err := peft.Attach(again, write(t, m, c))
	if err != nil {
		t.Fatal(err)
	}
	if read.Rank != 2 || read.Alpha != 3 || read.Dropout != 0.1 || read.Base != "base" ||
		!slices.Equal(read.TargetModules, c.TargetModules) {
		t.Errorf("read %+v", read)
	}
	got, want := again.Trained(), m.Trained()
	if len(got) != len(want) {
		t.Fatalf("%d trained parameters, want %d", len(got), len(want))
	}
	for i, p := range want {
		if got[i].Name != p.Name || !slices.Equal(got[i].Value, p.Value) {
			t.Errorf("%s is %s with other values", p.Name, got[i].Name)
		}
	}
	for i, p := range m.Params {
		if p.LoRA != nil && (again.Params[i].LoRA.Scale != 1.5 || again.Params[i].LoRA.Dropout != 0.1) {
			t.Errorf("%s: %+v", p.Name, again.Params[i].LoRA)
		}
	}
}

// Ranks and scales that differ from module to module are written as patterns, by which they are read again.
func TestPatterns(t *testing.T) {
	m := tiny(t)
	c := peft.New("base", 2, 2, 0, nil, nil)
	if err := c.Start(m, 0); err != nil {
		t.Fatal(err)
	}
	odd := "decoder.block.1.layer.0.SelfAttention.q"
	for path, rank := range map[string]int{odd: 3, "encoder.block.0.layer.1.DenseReluDense.wo": 2} {
		if _, err := m.Adapt(path, rank, float32(rank), 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	dir := write(t, m, c)
	raw, err := os.ReadFile(filepath.Join(dir, peft.ConfigName))
	if err != nil {
		t.Fatal(err)
	}
	var keys struct {
		Rank    map[string]int     `json:"rank_pattern"`
		Alpha   map[string]float64 `json:"alpha_pattern"`
		Targets []string           `json:"target_modules"`
	}
	if err := json.Unmarshal(raw, &keys); err != nil {
		t.Fatal(err)
	}
	if len(keys.Rank) != 1 || keys.Rank[odd] != 3 || keys.Alpha[odd] != 9 || len(keys.Targets) != 2 {
		t.Errorf("wrote %s", raw)
	}
	again := tiny(t)
	if _, err := peft.Attach(again, dir); err != nil {
		t.Fatal(err)
	}
	if l := again.Param(odd + ".weight").LoRA; l.Scale != 3 || l.A.Shape[0] != 3 {
		t.Errorf("read scale %g and rank %d", l.Scale, l.A.Shape[0])
	}
}

// As in peft, the first pattern in the order of the file counts.
func TestFirstPatternCounts(t *testing.T) {
	m := tiny(t)
	c := peft.New("base", 2, 2, 0, []string{"q", "v"}, nil)
	if err := c.Start(m, 0); err != nil {
		t.Fatal(err)
	}
	dir := write(t, m, c)
	raw, err := os.ReadFile(filepath.Join(dir, peft.ConfigName))
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &keys); err != nil {
		t.Fatal(err)
	}
	keys["alpha_pattern"] = json.RawMessage(
		`{"encoder.*q": 10, "SelfAttention.q": 1, "block.0.*v": 4, "SelfAttention.q": 6, ".*v": 8}`)
	if raw, err = json.Marshal(keys); err != nil {
		t.Fatal(err)
	}
	testdir.Write(t, dir, peft.ConfigName, string(raw))
	again := tiny(t)
	if _, err := peft.Attach(again, dir); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]float32{
		"encoder.block.0.layer.0.SelfAttention.q": 5, "decoder.block.1.layer.0.SelfAttention.q": 3,
		"encoder.block.0.layer.0.SelfAttention.v": 2, "encoder.block.1.layer.0.SelfAttention.v": 4,
		"decoder.block.0.layer.1.EncDecAttention.q": 1,
	} {
		if l := again.Param(path + ".weight").LoRA; l.Scale != want {
			t.Errorf("%s has scale %g, want %g", path, l.Scale, want)
		}
	}
}

func TestAttachRefuses(t *testing.T) {
	pair := func(path string, out, in int) []safetensors.Tensor {
		return []safetensors.Tensor{
			safetensors.FromFloat32("base_model.model."+path+".lora_A.weight", []int{2, in}, make([]float32, 2*in)),
			safetensors.FromFloat32("base_model.model."+path+".lora_B.weight", []int{out, 2}, make([]float32, 2*out)),
		}
	}
	one := func(name string, values ...float32) []safetensors.Tensor {
		return []safetensors.Tensor{safetensors.FromFloat32(name, []int{len(values)}, values)}
	}
	q := "encoder.block.0.layer.0.SelfAttention.q"
	for name, c := range map[string]struct {
		config  string
		tensors []safetensors.Tensor
		want    string
	}{
		"another base": {`{"base_model_name_or_path": "big"}`, pair(q, 512, 512),
			"do not fit the weight [128 32] of this model: name the base that the adapter was trained on, big"},
		"more layers": {`{}`, pair("encoder.block.7.layer.0.SelfAttention.q", 128, 32), "no linear layer of that name"},
		"half a pair": {`{}`, pair(q, 128, 32)[:1], "has no .lora_B.weight beside it"},
		"other half":  {`{}`, pair(q, 128, 32)[1:], "has no .lora_A.weight beside it"},
		"nothing":     {`{}`, nil, "holds no tensors"},
		"other names": {`{}`, one("encoder.x", 1), "names begin with base_model.model."},
		"not finite": {`{}`, one("base_model.model.encoder.final_layer_norm.weight",
			slices.Repeat([]float32{float32(math.NaN())}, 32)...), "not finite"},
		"unknown": {`{}`, one("base_model.model.encoder.x", 1), "no such parameter"},
		"embedding": {`{}`, []safetensors.Tensor{safetensors.FromFloat32("base_model.model.shared.weight",
			[]int{64, 32}, make([]float32, 64*32))}, "one embedding where peft has three"},
		"lm_head": {`{}`, one("base_model.model.lm_head.base_layer.weight", 1), "merge the adapter into its base"},
		"kind":    {`{"peft_type": "IA3"}`, pair(q, 128, 32), "of the kind IA3, and only LORA"},
		"dora":    {`{"use_dora": true}`, pair(q, 128, 32), "use_dora is set"},
		"pissa":   {`{"init_lora_weights": "pissa"}`, pair(q, 128, 32), "changes the weights of the base"},
		"rank":    {`{"r": 0}`, pair(q, 128, 32), "r is 0"},
		"pattern": {`{"alpha_pattern": {"(": 3}}`, pair(q, 128, 32), "no pattern"},
		"alpha":   {`{"alpha_pattern": {"q": 1e300}}`, pair(q, 128, 32), "alpha_pattern has 1e+300"},
		"json":    {`{"r": "x"}`, pair(q, 128, 32), "copy the file again"},
	} {
		dir := t.TempDir()
		testdir.Write(t, dir, peft.ConfigName, c.config)
		f, err := os.Create(filepath.Join(dir, peft.WeightsName))
		if err != nil {
			t.Fatal(err)
		}
		if err := safetensors.Write(f, c.tensors, nil); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if _, err := peft.Attach(tiny(t), dir); err == nil || !strings.Contains(err.Error(), c.want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got error %v, want one line with %q", name, err, c.want)
		}
	}
	if _, err := peft.Attach(tiny(t), t.TempDir()); err == nil || !strings.Contains(err.Error(), "read adapter") {
		t.Errorf("no folder: got error %v", err)
	}
}

func TestStartRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		config peft.Config
		want   string
	}{
		"target":    {peft.New("", 2, 0, 0, []string{"qq"}, nil), `"qq" is the name of no linear layer: want some of`},
		"rank":      {peft.New("", 99, 0, 0, []string{"q"}, nil), "lora.rank: the adapter of encoder.block.0"},
		"saved":     {peft.New("", 2, 0, 0, []string{"q"}, []string{"head"}), `no module of the model is called`},
		"embedding": {peft.New("", 2, 0, 0, []string{"q"}, []string{"shared"}), "one embedding where peft has three"},
		"both":      {peft.New("", 2, 0, 0, []string{"q"}, []string{"SelfAttention.q"}), "has an adapter besides"},
	} {
		if err := c.config.Start(tiny(t), 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, c.want)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	for _, seed := range []string{`{}`, `{"r": 4, "target_modules": "all-linear"}`, `{"target_modules": ["q"]}`,
		`{"alpha_pattern": {"^a": 1e30, "b": 1, "^a": 2}, "use_rslora": true}`, `{"alpha_pattern": null}`,
		`{"r": 1e9, "lora_alpha": -3, "bias": "all"}`, `[`} {
		f.Add([]byte(seed))
	}
	m := tiny(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := peft.ParseConfig(raw)
		if err != nil {
			return
		}
		out, err := c.JSON(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := peft.ParseConfig(out); err != nil {
			t.Errorf("%s is written as %s: %v", raw, out, err)
		}
	})
}
