package model

import (
	"errors"
	"slices"
	"testing"

	"t5train/model/kernel"
	"t5train/model/kernel/bfloat16"
)

// Drawing a model in bfloat16 and loading one are two ways to the same weights, which are those of float32, rounded.
func TestBFloat16Weights(t *testing.T) {
	for _, tied := range []bool{true, false} {
		float := tiny(t, "gated-gelu", tied)
		loaded, err := LoadBFloat16(float.Config, sourceOf(float))
		if err != nil {
			t.Fatal(err)
		}
		drawn, err := NewBFloat16(float.Config, 5) // the seed of tiny
		if err != nil {
			t.Fatal(err)
		}
		if float.DType() != "float32" || loaded.DType() != "bfloat16" {
			t.Errorf("DType is %s of a float32 model and %s of the other", float.DType(), loaded.DType())
		}
		for i, p := range float.Params {
			for _, m := range []*T5{loaded, drawn} {
				q := m.Params[i]
				if !IsLinear(p.Name, p.Shape) {
					if !slices.Equal(q.Value, p.Value) {
						t.Errorf("%s changed", p.Name)
					}
					continue
				}
				if q.Value != nil {
					t.Fatalf("%s is there in float32 too", p.Name)
				}
				in := p.Shape[1]
				row, want := make([]float32, in), slices.Clone(p.Value)
				bfloat16.RoundAll(want)
				for o := range p.Shape[0] {
					if q.Halves.Rows(row, o, o+1); !slices.Equal(row, want[o*in:(o+1)*in]) {
						t.Fatalf("%s: row %d differs", p.Name, o)
					}
				}
			}
		}
		if _, err := loaded.LossGraph(kernel.NewWorkers(1), LossOptions{}); !errors.Is(err, ErrBFloat16) {
			t.Errorf("a graph of weights in bfloat16: got error %v", err)
		}
		if _, err := LoadBFloat16(float.Config, int8Source(float)); !errors.Is(err, ErrInt8) {
			t.Errorf("weights in eight bits: got error %v", err)
		}
	}
}
