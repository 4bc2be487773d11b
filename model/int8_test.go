package model

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"t5train/model/kernel"
)

// int8Source is the checkpoint of a model in eight bits, as convert writes it.
func int8Source(m *T5) memorySource {
	src := sourceOf(m)
	for _, p := range m.Params {
		if !IsLinear(p.Name, p.Shape) {
			continue
		}
		out, in := p.Shape[0], p.Shape[1]
		x := src[p.Name]
		x.values, x.integers = nil, make([]int8, out*in)
		scales := make([]float32, out)
		for o := range out {
			scales[o] = kernel.QuantizeInt8(x.integers[o*in:(o+1)*in], p.Value[o*in:(o+1)*in])
		}
		src[p.Name] = x
		x.shape, x.values, x.integers = []int{out}, scales, nil
		src[ScaleName(p.Name)] = x
	}
	return src
}

// row returns an output of a parameter of either type.
func row(t *testing.T, m *T5, parameter, o int) []float32 {
	t.Helper()
	p := m.Params[parameter]
	in := p.Shape[1]
	if p.Int8 == nil {
		return p.Value[o*in : (o+1)*in]
	}
	if p.Value != nil {
		t.Fatalf("%s is there in float32 too", p.Name)
	}
	x := make([]float32, in)
	p.Int8.Rows(x, o, o+1)
	return x
}

// Quantizing in memory, drawing a model in eight bits and loading one are three ways to the same numbers, each of which
// is at most half a step from the one that it stands for.
func TestInt8Weights(t *testing.T) {
	for _, tied := range []bool{true, false} {
		float, quantized := tiny(t, "gated-gelu", tied), tiny(t, "gated-gelu", tied)
		if err := quantized.QuantizeInt8(); err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(float.Config, int8Source(float))
		if err != nil {
			t.Fatal(err)
		}
		drawn, err := NewInt8(float.Config, 5) // the seed of tiny
		if err != nil {
			t.Fatal(err)
		}
		if float.Int8() || !loaded.Int8() {
			t.Errorf("Int8 is %v of a float32 model and %v of the other", float.Int8(), loaded.Int8())
		}
		for i, p := range float.Params {
			if !IsLinear(p.Name, p.Shape) {
				if !slices.Equal(loaded.Params[i].Value, p.Value) || !slices.Equal(drawn.Params[i].Value, p.Value) {
					t.Errorf("%s changed", p.Name)
				}
				continue
			}
			for o := range p.Shape[0] {
				want := row(t, quantized, i, o)
				if !slices.Equal(row(t, loaded, i, o), want) || !slices.Equal(row(t, drawn, i, o), want) {
					t.Fatalf("%s: row %d differs", p.Name, o)
				}
				largest := float32(0)
				for _, v := range row(t, float, i, o) {
					largest = max(largest, float32(math.Abs(float64(v))))
				}
				for j, v := range row(t, float, i, o) {
					if d := math.Abs(float64(v - want[j])); d > 0.5001*float64(largest)/127 {
						t.Fatalf("%s: element [%d, %d] is %g, want %g", p.Name, o, j, want[j], v)
					}
				}
			}
		}
	}
}

func TestInt8MemoryIsAQuarter(t *testing.T) {
	c := v1_1(512, 64, 1024, 1, 6)
	c.VocabSize = 1000
	m, err := NewInt8(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	float, eight := 0, 0
	for _, p := range m.Params {
		if p.Int8 != nil {
			float, eight = float+4*p.Shape[0]*p.Shape[1], eight+p.Int8.Bytes()
		}
	}
	if eight > float*26/100 {
		t.Errorf("%d bytes in place of %d", eight, float)
	}
}

func TestInt8IsForInference(t *testing.T) {
	m := tiny(t, "relu", true)
	if err := m.QuantizeInt8(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.LossGraph(kernel.NewWorkers(1), LossOptions{Gradients: true}); !errors.Is(err, ErrInt8) {
		t.Errorf("LossGraph: got error %v", err)
	}
}

func TestQuantizeRefusesBrokenWeights(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		m := tiny(t, "relu", true)
		m.Encoder.Block[0].SelfAttention.Q.Value[3] = float32(bad)
		if err := m.QuantizeInt8(); err == nil || !strings.Contains(err.Error(),
			"SelfAttention.q.weight: row 0 has a weight that is not finite") {
			t.Errorf("%g: got error %v", bad, err)
		}
	}
}

func TestLoadInt8NamesWhatIsWrong(t *testing.T) {
	const q = "encoder.block.0.layer.0.SelfAttention.q.weight"
	edit := func(name string, f func(x *memoryTensor)) func(src memorySource) {
		return func(src memorySource) {
			x := src[name]
			f(&x)
			src[name] = x
		}
	}
	for name, c := range map[string]struct {
		damage func(src memorySource)
		want   string
	}{
		"no scales": {func(src memorySource) { delete(src, ScaleName(q)) },
			q + ".scale is missing, the scales of " + q},
		"fewer scales": {edit(ScaleName(q), func(x *memoryTensor) { x.shape = []int{3} }),
			q + ".scale has shape [3], want ["},
		"a scale of NaN": {edit(ScaleName(q), func(x *memoryTensor) { x.values[1] = float32(math.NaN()) }),
			"the scale of row 1 is NaN"},
		"a negative scale": {edit(ScaleName(q), func(x *memoryTensor) { x.values[0] = -1 }),
			"the scale of row 0 is -1"},
		"another shape": {edit(q, func(x *memoryTensor) { x.shape = []int{7, 7} }), q + " has shape [7 7], want ["},
		"one of float32": {edit(q, func(x *memoryTensor) { x.integers = nil }),
			q + " is not in eight bits as others are"},
		"a norm in integer": {edit("encoder.final_layer_norm.weight", func(x *memoryTensor) { x.integers = []int8{1} }),
			"only matrices of linear layers may be"},
		"stray scales": {func(src memorySource) { src["x.scale"] = src[ScaleName(q)] }, "x.scale is unknown"},
	} {
		m := tiny(t, "relu", true)
		src := int8Source(m)
		c.damage(src)
		if _, err := Load(m.Config, src); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, c.want)
		}
	}
}
