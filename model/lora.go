package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/model/kernel"
	"t5train/model/op"
)

// weightSuffix ends the name of the weight of a module.
const weightSuffix = ".weight"

// AdaptedModules returns the paths of the modules that may have an adapter: the linear layers of the blocks.
func (m *T5) AdaptedModules() []string {
	var paths []string
	for _, p := range m.Params {
		if IsLinear(p.Name, p.Shape) && !IsVocabulary(p.Name) {
			paths = append(paths, strings.TrimSuffix(p.Name, weightSuffix))
		}
	}
	return paths
}

// Param returns the parameter of that name, nil if there is none.
func (m *T5) Param(name string) *op.Param {
	i := slices.IndexFunc(m.Params, func(p *op.Param) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return m.Params[i]
}

// Adapt puts a new adapter beside the linear layer of a path, such as encoder.block.0.layer.0.SelfAttention.q. It adds
// nothing yet: A is drawn as nn.Linear and peft draw it, by the seed and its name alone, and B is zero.
func (m *T5) Adapt(path string, rank int, scale, dropout float32, seed uint64) (*op.LowRank, error) {
	if !slices.Contains(m.AdaptedModules(), path) {
		return nil, fmt.Errorf("%s is no linear layer of a block of this model", path)
	}
	w := m.Param(path + weightSuffix)
	out, in := w.Shape[0], w.Shape[1]
	if rank < 1 || rank > min(out, in) {
		return nil, fmt.Errorf("the adapter of %s has rank %d, want 1 to %d, the smaller side of its weight", path,
			rank, min(out, in))
	}
	l := &op.LowRank{
		A: op.NewParam(path+".lora_A"+weightSuffix, rank, in), B: op.NewParam(path+".lora_B"+weightSuffix, out, rank),
		Scale: scale, Dropout: dropout,
	}
	uniform(inverseSqrt(in)).draw(l.A, seed)
	w.LoRA = l
	return l, nil
}

// Adapters returns the parameters of all adapters, in the order of the modules.
func (m *T5) Adapters() []*op.Param {
	var all []*op.Param
	for _, p := range m.Params {
		if p.LoRA != nil {
			all = append(all, p.LoRA.A, p.LoRA.B)
		}
	}
	return all
}

// Trained returns the parameters that are not frozen, in the order of the modules, with those of adapters.
func (m *T5) Trained() []*op.Param {
	all := append(slices.Clone(m.Params), m.Adapters()...)
	return slices.DeleteFunc(all, func(p *op.Param) bool { return p.Frozen })
}

// Detach takes the adapters away from the parameters and returns them, for rows of inputs to have. A parameter that an
// adapter replaces as a whole stays as it is.
func (m *T5) Detach() *op.Adapter {
	a := op.Adapter{}
	for _, p := range m.Params {
		if p.LoRA != nil {
			a[p], p.LoRA = p.LoRA, nil
		}
	}
	return &a
}

// MergeAdapters adds what the adapters do to the weights that they stand beside, which must be float32.
func (m *T5) MergeAdapters(w *kernel.Workers) error {
	for _, p := range m.Params {
		l := p.LoRA
		if l == nil {
			continue
		}
		if p.Value == nil {
			return errors.New("merge the adapters: the weights are in eight bits or bfloat16, into which they would " +
				"be rounded: open the model in float32")
		}
		l.AddTo(w, p.Value)
		p.LoRA = nil
	}
	return nil
}
