package model

import (
	"errors"
	"fmt"

	"t5train/model/kernel"
	"t5train/model/op"
)

// ErrBFloat16 is the error of what only a model of float32 can do.
var ErrBFloat16 = errors.New("the weights are in bfloat16, which is for inference and below adapters: open the " +
	"checkpoint in float32")

// LoadBFloat16 is Load for inference in half the memory: the matrices of the linear layers are rounded to bfloat16 as
// they are read. One whose weights are in eight bits is an error.
func LoadBFloat16(c Config, src TensorSource) (*T5, error) {
	if InInt8(src) {
		return nil, fmt.Errorf("load model: %w", ErrInt8)
	}
	c, tensors, err := Resolve(c, src)
	if err != nil {
		return nil, err
	}
	m := build(c, params{bare: true, halves: true})
	return m.read(src, tensors)
}

// NewBFloat16 returns a model with the weights of New and Init, rounded to bfloat16, without ever holding all of them
// in float32.
func NewBFloat16(c Config, seed uint64) (*T5, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("build model: %w", err)
	}
	m := build(c, params{bare: true})
	for i, p := range m.Params {
		p.Value = op.NewParam(p.Name, p.Shape...).Value
		m.params.draw(i, seed)
		halve(p)
	}
	return m, nil
}

// halve rounds the matrix of a linear layer, and lets go of its float32 values.
func halve(p *op.Param) {
	if IsLinear(p.Name, p.Shape) {
		p.Halves, p.Value = kernel.NewHalves(p.Shape[0], p.Shape[1], p.Value), nil
	}
}

// DType names the type of the linear layers in memory: float32, bfloat16 or int8. Those of the last two have no
// LossGraph unless they are frozen.
func (m *T5) DType() string {
	for _, p := range m.Params {
		switch {
		case p.Int8 != nil:
			return "int8"
		case p.Halves != nil:
			return kernel.BFloat16.String()
		}
	}
	return kernel.Float32.String()
}
