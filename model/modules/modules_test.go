package modules_test

import (
	"slices"
	"strings"
	"testing"

	"t5train/model"
	"t5train/model/modules"
)

// names returns the parameters of a model with two layers in the encoder and three in the decoder.
func names(t *testing.T, tied bool) []string {
	t.Helper()
	m, err := model.New(model.Config{
		ModelType: "t5", VocabSize: 8, DModel: 4, DKV: 2, DFF: 4, NumLayers: 2, NumDecoderLayers: 3, NumHeads: 2,
		RelativeAttentionNumBuckets: 4, RelativeAttentionMaxDistance: 8, LayerNormEpsilon: 1e-6,
		FeedForwardProj: "relu", TieWordEmbeddings: tied, EOSTokenID: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, p := range m.Params {
		list = append(list, p.Name)
	}
	return list
}

func TestMatch(t *testing.T) {
	params := names(t, false)
	for _, c := range []struct {
		module string
		want   func(name string) bool
	}{
		{"embedding", func(n string) bool { return n == "shared.weight" }},
		{"shared", func(n string) bool { return n == "shared.weight" }},
		{"lm_head", func(n string) bool { return n == "lm_head.weight" }},
		{"encoder", func(n string) bool { return strings.HasPrefix(n, "encoder.") }},
		{"decoder.block.1-2", func(n string) bool {
			return strings.HasPrefix(n, "decoder.block.1.") || strings.HasPrefix(n, "decoder.block.2.")
		}},
		{"encoder.block.0-1.layer.1", func(n string) bool {
			return strings.Contains(n, "coder.block.") &&
				strings.HasPrefix(n, "encoder.") && strings.Contains(n, ".layer.1.")
		}},
		{"decoder.block.0.layer.1.EncDecAttention.q", func(n string) bool {
			return n == "decoder.block.0.layer.1.EncDecAttention.q.weight"
		}},
		{"decoder.final_layer_norm.weight", func(n string) bool { return n == "decoder.final_layer_norm.weight" }},
	} {
		got, err := modules.Match(params, c.module)
		var want []int
		for i, n := range params {
			if c.want(n) {
				want = append(want, i)
			}
		}
		slices.Sort(got)
		if err != nil || len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s: %d parameters (%v), want %d", c.module, len(got), err, len(want))
		}
	}
}

func TestMatchRefuses(t *testing.T) {
	const have = "want embedding, encoder, encoder.block.0-1, encoder.final_layer_norm, decoder, decoder.block.0-2, " +
		"decoder.final_layer_norm"
	for _, c := range []struct {
		module string
		tied   bool
		want   string
	}{
		{"enc", false, have + ", lm_head, or a part of one"},
		{"", false, have},
		{"encoder.block.0-2", false, have},
		{"encoder.block.1-0", false, have},
		{"encoder.block.0-4000.layer.0-4000.layer.0-4000", false, have},
		{"decoder.blok.0-2", false, ": did you mean decoder.block.0-2?"},
		{"lm_head", true, "whose output layer is its embedding (tie_word_embeddings): name embedding"},
	} {
		_, err := modules.Match(names(t, c.tied), c.module)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want %q", c.module, err, c.want)
		}
	}
}
