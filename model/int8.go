package model

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"t5train/model/kernel"
	"t5train/model/op"
)

// scaleSuffix follows the name of a tensor in eight bits in the name of its scales, one for each row.
const scaleSuffix = ".scale"

// ErrInt8 is the error of what only a model of float32 can do.
var ErrInt8 = errors.New("the weights are in eight bits (int8), which is for inference and below adapters " +
	"(lora.rank): use the checkpoint that they were converted from")

// IsLinear reports whether a parameter is a matrix of a linear layer, the embedding included: what a model in eight
// bits has in eight bits. Norms and position biases, which are small, stay float32.
func IsLinear(name string, shape []int) bool {
	return len(shape) == 2 && !strings.HasSuffix(name, "relative_attention_bias.weight")
}

// ScaleName returns the name of the scales of a tensor in eight bits.
func ScaleName(name string) string { return name + scaleSuffix }

// InInt8 reports whether any of the tensors of a checkpoint is in eight bits.
func InInt8(src TensorSource) bool {
	if src == nil {
		return false
	}
	for _, name := range src.Names() {
		if _, ok := src.Int8(name); ok {
			return true
		}
	}
	return false
}

// Int8 reports whether the model has weights in eight bits. It has no LossGraph unless
// they are frozen.
func (m *T5) Int8() bool {
	for _, p := range m.Params {
		if p.Int8 != nil {
			return true
		}
	}
	return false
}

// QuantizeInt8 rounds the matrices of the linear layers to eight bits, with a scale for each row, and lets go of their
// float32 values. A weight that is not finite is an error.
func (m *T5) QuantizeInt8() error {
	for _, p := range m.Params {
		if err := quantize(p); err != nil {
			return err
		}
	}
	return nil
}

// NewInt8 returns a model with the weights of New and Init, rounded by QuantizeInt8, without ever holding all of them
// in float32.
func NewInt8(c Config, seed uint64) (*T5, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("build model: %w", err)
	}
	m := build(c, params{bare: true})
	for i, p := range m.Params {
		p.Value = op.NewParam(p.Name, p.Shape...).Value
		m.params.draw(i, seed)
		if err := quantize(p); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func quantize(p *op.Param) error {
	if !IsLinear(p.Name, p.Shape) || p.Int8 != nil {
		return nil
	}
	out, in := p.Shape[0], p.Shape[1]
	matrix, row := kernel.NewInt8(out, in), make([]int8, in)
	for o := range out {
		scale := kernel.QuantizeInt8(row, p.Value[o*in:(o+1)*in])
		if scale != scale {
			return fmt.Errorf("quantize %s: row %d has a weight that is not finite: training diverged, or "+
				"the file is damaged", p.Name, o)
		}
		matrix.SetRow(o, row, scale)
	}
	p.Int8, p.Value = matrix, nil
	return nil
}

// loadInt8 reads a tensor that match has found to be in eight bits.
func loadInt8(src TensorSource, t Tensor) (*kernel.Int8, error) {
	values, _ := src.Int8(t.Stored)
	out, in := t.Shape[0], t.Shape[1]
	scales := make([]float32, out)
	if err := src.CopyFloat32(ScaleName(t.Stored), scales); err != nil {
		return nil, err
	}
	matrix := kernel.NewInt8(out, in)
	for o, scale := range scales {
		if !(scale >= 0 && scale <= math.MaxFloat32) {
			return nil, fmt.Errorf("%s: the scale of row %d is %g: the file is damaged: convert the checkpoint again",
				t.Stored, o, scale)
		}
		matrix.SetRow(o, values[o*in:(o+1)*in], scale)
	}
	return matrix, nil
}

// checkInt8 compares a tensor in eight bits and its scales with what the model wants.
func checkInt8(src TensorSource, t Tensor) error {
	if !IsLinear(t.Name, t.Shape) {
		return fmt.Errorf("%s is in eight bits, which only matrices of linear layers may be", t.Stored)
	}
	shape, ok := src.Shape(ScaleName(t.Stored))
	switch {
	case !ok:
		return fmt.Errorf("%s is missing, the scales of %s", ScaleName(t.Stored), t.Stored)
	case t.Shape[1] > kernel.MaxInt8Inputs:
		return fmt.Errorf("%s has %d columns, and sums of more than %d products of eight bits do not fit into 32 "+
			"bits: use float32 weights", t.Stored, t.Shape[1], kernel.MaxInt8Inputs)
	case len(shape) != 1 || shape[0] != t.Shape[0]:
		return fmt.Errorf("%s has shape %v, want [%d]", ScaleName(t.Stored), shape, t.Shape[0])
	}
	return nil
}
