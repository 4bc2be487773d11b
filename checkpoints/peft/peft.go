// Package peft reads and writes adapters (LoRA) as Hugging Face's peft lays them out: a folder of adapter_config.json
// and adapter_model.safetensors, which holds little beside its base.
//
//	config, err := peft.Attach(m, "runs/adapter") // beside the linear layers of a model
package peft

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"t5train/checkpoints/safetensors"
	"t5train/internal/nearest"
	"t5train/model"
	"t5train/model/op"
)

const (
	prefix       = "base_model.model." // of the names of tensors
	weightSuffix = ".weight"
	suffixA      = ".lora_A.weight"
	suffixB      = ".lora_B.weight"
)

// New returns the configuration of a new adapter. The names of targets are ends of paths of modules, such as q or
// EncDecAttention.v, or all-linear; alpha 0 is twice the rank.
func New(base string, rank int, alpha, dropout float64, targets, modulesToSave []string) Config {
	if alpha == 0 {
		alpha = 2 * float64(rank)
	}
	return Config{Type: "LORA", Task: "SEQ_2_SEQ_LM", Base: base, Rank: rank, Alpha: alpha, Dropout: dropout,
		TargetModules: targets, ModulesToSave: modulesToSave, Bias: "none"}
}

// Start puts new adapters beside the linear layers that the configuration names, by the seed, and freezes all
// parameters but those of modules_to_save.
func (c Config) Start(m *model.T5, seed uint64) error {
	for _, target := range c.TargetModules {
		one := Config{TargetModules: modules{target}}
		if len(one.matching(m)) == 0 {
			return fmt.Errorf("lora.targets: %q is the name of no linear layer: want some of %s, longer ends of their "+
				"paths such as EncDecAttention.q, or %s%s", target, strings.Join(kinds(m), ", "), AllLinear,
				nearest.DidYouMean(target, kinds(m), ": "))
		}
	}
	freeze(m)
	for _, path := range c.matching(m) {
		if _, err := m.Adapt(path, c.Rank, float32(c.Alpha/c.divisor(c.Rank)), float32(c.Dropout), seed); err != nil {
			return fmt.Errorf("lora.rank: %w", err)
		}
	}
	for _, name := range c.ModulesToSave {
		found := false
		for _, p := range m.Params {
			if !saves(name, p.Name) {
				continue
			}
			if err := checkSaved(m, p); err != nil {
				return fmt.Errorf("lora.modules_to_save: %w", err)
			}
			p.Frozen, found = false, true
		}
		if !found {
			return fmt.Errorf("lora.modules_to_save: no module of the model is called %q: want names such as lm_head, "+
				"final_layer_norm or layer_norm", name)
		}
	}
	return nil
}

// kinds returns the last names of the linear layers: q, k, v and so on.
func kinds(m *model.T5) []string {
	var list []string
	for _, path := range m.AdaptedModules() {
		if name := path[strings.LastIndexByte(path, '.')+1:]; !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

func freeze(m *model.T5) {
	for _, p := range m.Params {
		p.Frozen = true
	}
}

// saves reports whether a name of modules_to_save means the module of a parameter.
func saves(name, param string) bool {
	path := strings.TrimSuffix(param, weightSuffix)
	return path == name || strings.HasSuffix(path, "."+name)
}

// checkSaved makes sure that a parameter can be trained beside adapters.
func checkSaved(m *model.T5, p *op.Param) error {
	switch {
	case p == m.Shared:
		return fmt.Errorf("%s: t5train has one embedding where peft has three modules that share one: train it in "+
			"full without an adapter", p.Name)
	case p.Int8 != nil || p.Halves != nil:
		return fmt.Errorf("%s is in %s, which cannot be trained: open the base in float32", p.Name, m.DType())
	case p.LoRA != nil:
		return fmt.Errorf("%s has an adapter besides: name it in one of the two", p.Name)
	}
	return nil
}

// Attach puts the adapters of a folder beside the linear layers of a model, and takes the modules that the folder holds
// in full. All other parameters are frozen.
func Attach(m *model.T5, dir string) (Config, error) {
	c, err := ReadConfig(dir)
	if err != nil {
		return c, err
	}
	path := filepath.Join(dir, WeightsName)
	f, err := safetensors.Open(path)
	if err != nil {
		return c, fmt.Errorf("read adapter: %w", err)
	}
	defer f.Close()
	freeze(m)
	if err := c.attach(m, f); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func (c Config) attach(m *model.T5, f *safetensors.File) error {
	if len(f.Names()) == 0 {
		return errors.New("it holds no tensors")
	}
	for _, stored := range f.Names() {
		name, ok := strings.CutPrefix(stored, prefix)
		if !ok {
			return fmt.Errorf("%.200s is no tensor of an adapter, whose names begin with %s", stored, prefix)
		}
		name = strings.NewReplacer(".modules_to_save.", ".", ".default.", ".").Replace(name)
		var err error
		if path, isA := strings.CutSuffix(name, suffixA); isA {
			err = c.attachPair(m, f, path, stored)
		} else if path, isB := strings.CutSuffix(name, suffixB); isB {
			if _, ok := f.Tensor(prefix + path + suffixA); !ok {
				err = fmt.Errorf("%.200s has no %s beside it", stored, suffixA)
			}
		} else {
			err = c.attachWhole(m, f, name, stored)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// attachPair reads the two tensors of a module.
func (c Config) attachPair(m *model.T5, f *safetensors.File, path, storedA string) error {
	storedB := strings.TrimSuffix(storedA, suffixA) + suffixB
	a, _ := f.Tensor(storedA)
	b, ok := f.Tensor(storedB)
	if !ok {
		return fmt.Errorf("%.200s has no %s beside it", storedA, suffixB)
	}
	w := m.Param(path + weightSuffix)
	if w == nil || !slices.Contains(m.AdaptedModules(), path) {
		return fmt.Errorf("%.200s: the model has no linear layer of that name in its blocks: name the base that the "+
			"adapter was trained on%s", storedA, c.named())
	}
	if len(a.Shape) != 2 || len(b.Shape) != 2 || a.Shape[0] != b.Shape[1] || b.Shape[0] != w.Shape[0] ||
		a.Shape[1] != w.Shape[1] {
		return fmt.Errorf("%.200s has shape %v and %s %v, which do not fit the weight %v of this model: name the base "+
			"that the adapter was trained on%s", storedA, a.Shape, suffixB, b.Shape, w.Shape, c.named())
	}
	scale, err := c.scale(path, a.Shape[0])
	if err != nil {
		return err
	}
	l, err := m.Adapt(path, a.Shape[0], scale, float32(c.Dropout), 0)
	if err != nil {
		return err
	}
	return errors.Join(fill(l.A.Value, a), fill(l.B.Value, b))
}

// attachWhole reads a parameter of modules_to_save.
func (c Config) attachWhole(m *model.T5, f *safetensors.File, name, stored string) error {
	t, _ := f.Tensor(stored)
	p := m.Param(name)
	switch {
	case strings.Contains(name, ".lora_") || strings.Contains(name, ".base_layer."):
		return fmt.Errorf("%.200s: an adapter of the embedding or the output layer, or DoRA, is not read: merge the "+
			"adapter into its base with peft", stored)
	case p == nil && name == "lm_head.weight":
		return fmt.Errorf("%.200s: the output layer of this model is its embedding (tie_word_embeddings), and a "+
			"second one is not read: merge the adapter into its base with peft", stored)
	case p == nil:
		return fmt.Errorf("%.200s: the model has no such parameter: name the base that the adapter was trained on%s",
			stored, c.named())
	case !slices.Equal(p.Shape, t.Shape):
		return fmt.Errorf("%.200s has shape %v, want %v: name the base that the adapter was trained on%s", stored,
			t.Shape, p.Shape, c.named())
	}
	if err := checkSaved(m, p); err != nil {
		return err
	}
	p.Frozen, p.Value = false, make([]float32, t.Elements())
	return fill(p.Value, t)
}

// fill copies a tensor, whose elements must be finite.
func fill(dst []float32, t safetensors.Tensor) error {
	if err := t.CopyFloat32(dst); err != nil {
		return err
	}
	for _, v := range dst {
		if !(math.Abs(float64(v)) <= math.MaxFloat32) {
			return fmt.Errorf("%.200s: %w: the file is damaged, or training diverged: use another checkpoint", t.Name,
				safetensors.ErrNotFinite)
		}
	}
	return nil
}

// named says which base an adapter names.
func (c Config) named() string {
	if c.Base == "" {
		return ""
	}
	return ", " + c.Base
}

// Tensors returns the tensors of an adapter, which share the memory of the model: those of adapters, and the
// parameters that are trained in full.
func Tensors(m *model.T5) []safetensors.Tensor {
	var tensors []safetensors.Tensor
	for _, p := range m.Trained() {
		tensors = append(tensors, safetensors.FromFloat32(TensorName(p.Name), p.Shape, p.Value))
	}
	return tensors
}

// TensorName is the name of a parameter in the file of an adapter.
func TensorName(param string) string { return prefix + param }
