package model

import (
	"fmt"
	"strings"

	"t5train/model/op"
)

// Size is a published architecture.
type Size struct {
	Name   string
	Config Config
}

// Sizes returns the published architectures (t5/models/gin and t5x gin files, transformers' configuration_t5.py). The
// 1.0 models use ReLU and tie the embedding to lm_head; the 1.1 models use a gated GELU and do not.
func Sizes() []Size {
	return []Size{
		//                     d_model  d_kv   d_ff layers heads
		{"small", v1_0(512, 64, 2048, 6, 8)},
		{"base", v1_0(768, 64, 3072, 12, 12)},
		{"large", v1_0(1024, 64, 4096, 24, 16)},
		{"3b", v1_0(1024, 128, 16384, 24, 32)},
		{"11b", v1_0(1024, 128, 65536, 24, 128)},
		{"v1_1-tiny", v1_1(32, 64, 64, 2, 2)},
		{"v1_1-small", v1_1(512, 64, 1024, 8, 6)},
		{"v1_1-base", v1_1(768, 64, 2048, 12, 12)},
		{"v1_1-large", v1_1(1024, 64, 2816, 24, 16)},
		{"v1_1-xl", v1_1(2048, 64, 5120, 24, 32)},
		{"v1_1-xxl", v1_1(4096, 64, 10240, 24, 64)},
	}
}

// SizeByName returns one of Sizes.
func SizeByName(name string) (Size, error) {
	var names []string
	for _, s := range Sizes() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Size{}, fmt.Errorf("model size %q does not exist: want one of %s", name, strings.Join(names, ", "))
}

func v1_0(dModel, dKV, dFF, layers, heads int) Config {
	return Config{
		ModelType: "t5", VocabSize: 32128, DModel: dModel, DKV: dKV, DFF: dFF,
		NumLayers: layers, NumDecoderLayers: layers, NumHeads: heads,
		RelativeAttentionNumBuckets: 32, RelativeAttentionMaxDistance: 128,
		DropoutRate: 0.1, LayerNormEpsilon: 1e-6, FeedForwardProj: "relu",
		TieWordEmbeddings: true, ScaleDecoderOutputs: true, EOSTokenID: 1,
	}
}

func v1_1(dModel, dKV, dFF, layers, heads int) Config {
	c := v1_0(dModel, dKV, dFF, layers, heads)
	c.FeedForwardProj, c.TieWordEmbeddings, c.ScaleDecoderOutputs = "gated-gelu", false, false
	return c
}

// Parameters returns the number of parameters of a valid config, without memory for them.
func (c Config) Parameters() int64 {
	return int64(elements(build(c, params{bare: true}).Params))
}

// elements returns the number of elements of all params, exact below 2^53.
func elements(params []*op.Param) float64 {
	n := 0.0
	for _, p := range params {
		n += float64(p.Size())
	}
	return n
}
