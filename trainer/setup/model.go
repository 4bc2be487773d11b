package setup

import (
	"fmt"
	"reflect"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data/tokenizer"
	"t5train/internal/sysinfo"
	"t5train/internal/ui"
	"t5train/model"
)

// StartModel builds or loads the model that training starts from. at is the checkpoint of a run that is resumed, whose
// weights are verified already. Those of model.path are verified, or taken as they are.
func StartModel(c *configs.Config, at Start, verify bool, sink ui.Sink) (*checkpoints.Folder, error) {
	dir, how, source := at.Dir, at.How, c.Tokenizer
	resumed := dir != ""
	if resumed {
		source.Path = "" // the checkpoint holds the one of the run
	} else if c.Model.Path != "" {
		var err error
		if dir, how, err = checkpoints.Resolve(c.Model.Path); err != nil {
			return nil, err
		}
	}
	tok, err := OpenTokenizer(source, dir)
	if err != nil {
		return nil, err
	}
	if dir == "" {
		return newModel(c, tok, sink)
	}
	if c.LoRA.On() {
		b, err := startAdapter(c, dir, how, tok, at, verify, sink)
		if err != nil {
			return nil, err
		}
		beginAnew(c, b, resumed, sink)
		return b, nil
	}
	b, err := checkpoints.OpenFolder(dir, tok, verify && !resumed)
	if err != nil {
		return nil, err
	}
	if b.Model.Int8() {
		return nil, fmt.Errorf("train %s: %w", dir, model.ErrInt8)
	}
	ui.Say(sink, "model", "%s, %s parameters", how, ui.Grouped(int(b.Model.Config.Parameters())))
	if err := freeze(b.Model, c.Train.Freeze, sink); err != nil {
		return nil, err
	}
	beginAnew(c, b, resumed, sink)
	return b, nil
}

// beginAnew makes a model that was opened one of this run.
func beginAnew(c *configs.Config, b *checkpoints.Folder, resumed bool, sink ui.Sink) {
	if !resumed {
		sayPretrained(c, b, sink)
	}
	b.Info = checkpoints.Info{}
	if rate := c.Model.DropoutRate; rate != nil {
		b.Model.Config.DropoutRate = *rate
	}
}

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

// Start is the checkpoint that a run is resumed from, with the words for it. The zero value is none.
type Start struct{ Dir, How string }

// newModel returns a model of random weights.
func newModel(c *configs.Config, tok *tokenizer.Tokenizer, sink ui.Sink) (*checkpoints.Folder, error) {
	config, err := ModelConfig(c.Model, tok)
	if err != nil {
		return nil, err
	}
	if err := checkpoints.CheckTokenizer(config, tok); err != nil {
		return nil, fmt.Errorf("build model: %w", err)
	}
	if err := sysinfo.CheckMemory(TrainedBytes(config), "choose a smaller model.size"); err != nil {
		return nil, fmt.Errorf("build model: %w", err)
	}
	m, err := model.New(config)
	if err != nil {
		return nil, err
	}
	m.Init(uint64(c.Train.Seed))
	name := c.Model.Size
	if size, err := model.SizeByName(name); err == nil && !sameSize(size.Config, config) {
		name = "size of its own (" + name + ", changed)"
	}
	ui.Say(sink, "model", "%s, %s parameters, new random weights (seed %d)",
		name, ui.Grouped(int(config.Parameters())), c.Train.Seed)
	if c.Model.VocabSize == nil && c.Tokenizer.Path != "" {
		ui.Detail(sink, "", "%s rows in the embedding, for the %s tokens of %s (model.vocab_size)",
			ui.Grouped(config.VocabSize), ui.Grouped(tok.VocabSize()), c.Tokenizer.Path)
	}
	if err := freeze(m, c.Train.Freeze, sink); err != nil {
		return nil, err
	}
	return &checkpoints.Folder{Model: m, Tokenizer: tok}, nil
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
		{&c.VocabSize, m.VocabSize}, {&c.DModel, m.DModel}, {&c.DKV, m.DKV}, {&c.DFF, m.DFF},
		{&c.NumLayers, m.NumLayers},
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

// TrainedBytes is the least that a model takes in training: a weight and a gradient for each parameter.
func TrainedBytes(c model.Config) float64 { return 8 * float64(c.Parameters()) }

// sayPretrained says what a model that was pre-trained here brings along or leaves behind, which a user may not expect.
func sayPretrained(c *configs.Config, b *checkpoints.Folder, sink ui.Sink) {
	was := b.Info.Objective
	switch {
	case was == nil:
	case c.Pretraining() && was.Name != c.Objective.Name:
		ui.Detail(sink, "objective", "%s from now on, but the model was pre-trained by %s "+
			"(objective.name %s continues that)", c.Objective.Name, was.Name, was.Name)
	case !c.Pretraining() && c.Model.DropoutRate == nil && b.Model.Config.DropoutRate == 0:
		ui.Detail(sink, "dropout",
			"none, as in its pre-training; 0.1 is usual for fine-tuning (model.dropout_rate=0.1)")
	}
}

// sameSize reports whether two models differ in nothing but dropout, which is a setting of the training.
func sameSize(a, b model.Config) bool {
	a.DropoutRate, a.EOSTokenIDs = b.DropoutRate, b.EOSTokenIDs
	return reflect.DeepEqual(a, b)
}

// CheckModel returns the tokenizer that goes with the model, nil if there is none.
func CheckModel(c *configs.Config) (*tokenizer.Tokenizer, error) {
	dir, err := "", error(nil)
	if c.Model.Path != "" {
		if dir, _, err = checkpoints.Resolve(c.Model.Path); err != nil {
			return nil, err
		}
	}
	tok, err := OpenTokenizer(c.Tokenizer, dir)
	if err != nil {
		return nil, err
	}
	config := model.Config{}
	if dir == "" {
		config, err = ModelConfig(c.Model, tok)
	} else {
		config, err = checkpoints.ReadModelConfig(dir, c.LoRA.On())
	}
	if err != nil {
		return nil, err
	}
	if err := checkpoints.CheckTokenizer(config, tok); err != nil {
		return tok, err
	}
	_, err = frozenParams(config.BareParams(), c.Train.Freeze)
	return tok, err
}
