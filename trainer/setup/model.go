package setup

import (
	"fmt"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data/tokenizer"
	"t5train/model"
)

// OpenTokenizer loads the tokenizer that c names, else that of a model folder, else T5's.
func OpenTokenizer(c configs.Tokenizer, dir string) (*tokenizer.Tokenizer, error) {
	switch {
	case c.Path != "":
		return checkpoints.OpenTokenizer(c.Path)
	case dir != "":
		return tokenizer.Load(dir)
	default:
		return tokenizer.T5()
	}
}

// ModelConfig returns the architecture of a new model: that of its size with the values that are set, and with the
// rows that its tokenizer needs unless their number is set.
func ModelConfig(m configs.Model, tok *tokenizer.Tokenizer) (model.Config, error) {
	if m.VocabSize == nil {
		m.VocabSize = new(checkpoints.PaddedRows(tok.VocabSize()))
	}
	size, err := model.SizeByName(m.Size)
	if err != nil {
		return model.Config{}, fmt.Errorf("build model: %w", err)
	}
	c := size.Config
	for _, f := range []struct {
		to   *int
		from *int
	}{
		{&c.VocabSize, m.VocabSize}, {&c.DModel, m.DModel}, {&c.DKV, m.DKV}, {&c.DFF, m.DFF}, {&c.NumLayers, m.NumLayers},
		{&c.NumDecoderLayers, m.NumLayers}, {&c.NumDecoderLayers, m.NumDecoderLayers}, {&c.NumHeads, m.NumHeads},
		{&c.RelativeAttentionNumBuckets, m.RelativeAttentionNumBuckets},
		{&c.RelativeAttentionMaxDistance, m.RelativeAttentionMaxDistance},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if m.FeedForwardProj != nil {
		c.FeedForwardProj = *m.FeedForwardProj
	}
	if m.TieWordEmbeddings != nil {
		c.TieWordEmbeddings, c.ScaleDecoderOutputs = *m.TieWordEmbeddings, *m.TieWordEmbeddings
	}
	if m.DropoutRate != nil {
		c.DropoutRate = *m.DropoutRate
	}
	return c, c.Validate()
}
