package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Source is where Load reads tensors from; checkpoints.Weights is one.
type Source interface {
	Names() []string
	Shape(name string) (shape []int, ok bool)
	CopyFloat32(name string, dst []float32) error // converts from the stored type
}

const (
	sharedName = "shared.weight"
	lmHeadName = "lm_head.weight"
)

// aliases are names under which older checkpoints repeat shared.weight.
var aliases = [...]string{"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}

// stray is a tensor that early exports of T5 carry and no model uses.
const stray = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"

// Load returns the model that a config and its tensors describe. All tensors must be there with the shapes of the
// config, and no unknown ones.
//
// The stored tensors outrank the config about tying, because transformers 5 writes tie_word_embeddings: true in any
// case: an lm_head.weight that differs from shared.weight is a matrix of its own, and then, unless the config has
// scale_decoder_outputs, the decoder output is not scaled.
func Load(c Config, src Source) (*T5, error) {
	shared := sharedName
	if _, ok := src.Shape(shared); !ok {
		for _, alias := range aliases {
			if _, ok := src.Shape(alias); ok {
				shared = alias
				break
			}
		}
	}
	if c.TieWordEmbeddings {
		differs, err := headDiffers(src, shared)
		if err != nil {
			return nil, fmt.Errorf("load model: %w", err)
		}
		if differs {
			c.TieWordEmbeddings = false
			if !c.scaleGiven {
				c.ScaleDecoderOutputs = false
			}
		}
	}
	if err := checkSize(c, src); err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	m, err := New(c)
	if err != nil {
		return nil, err
	}
	known := append([]string{stray, lmHeadName, sharedName}, aliases[:]...)
	var errs []error
	for _, p := range m.Params {
		name := p.Name
		if name == sharedName {
			name = shared
		}
		known = append(known, name)
		shape, ok := src.Shape(name)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("%s is missing", name))
		case !slices.Equal(shape, p.Shape):
			errs = append(errs, fmt.Errorf("%s has shape %v, want %v", name, shape, p.Shape))
		default:
			// A type that cannot be converted says nothing about what belongs together.
			if err := src.CopyFloat32(name, p.Value); err != nil {
				return nil, fmt.Errorf("load model: %w", err)
			}
		}
	}
	for _, name := range src.Names() {
		if !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("%s is unknown", name))
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("load model: %w: config.json and weights belong to different models: copy both from one", first(errs, 3))
	}
	return m, nil
}

// checkSize refuses a config that asks for far more memory than the stored tensors can justify, before any is
// allocated.
func checkSize(c Config, src Source) error {
	stored := 0.0
	for _, name := range src.Names() {
		shape, _ := src.Shape(name)
		n := 1.0
		for _, d := range shape {
			n *= float64(d)
		}
		stored += n
	}
	inner := float64(c.NumHeads) * float64(c.DKV)
	layers := float64(c.NumLayers) + float64(c.NumDecoderLayers)
	described := float64(c.DModel)*(float64(c.VocabSize)+layers*(4*inner+2*float64(c.DFF))) +
		layers*float64(c.RelativeAttentionNumBuckets)*float64(c.NumHeads)
	if described > 2*stored+1e6 {
		return fmt.Errorf("config.json describes a model of %.3g parameters, but the weights hold %.3g: they belong to different models", described, stored)
	}
	return nil
}

// headDiffers tells whether an lm_head is stored that is not the embedding.
func headDiffers(src Source, shared string) (bool, error) {
	headShape, ok := src.Shape(lmHeadName)
	if !ok {
		return false, nil
	}
	shape, _ := src.Shape(shared)
	if !slices.Equal(headShape, shape) {
		return true, nil
	}
	n := 1
	for _, d := range shape {
		n *= d
	}
	head, embedding := make([]float32, n), make([]float32, n)
	if err := src.CopyFloat32(lmHeadName, head); err != nil {
		return false, err
	}
	if err := src.CopyFloat32(shared, embedding); err != nil {
		return false, err
	}
	return !slices.Equal(head, embedding), nil
}

// first joins the first n errors in one line and says how many there are besides: a config of another size makes one
// of every tensor.
func first(errs []error, n int) error {
	var list []string
	for _, err := range errs[:min(n, len(errs))] {
		list = append(list, err.Error())
	}
	if more := len(errs) - len(list); more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return errors.New(strings.Join(list, "; "))
}
