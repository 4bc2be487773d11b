package trainer

import (
	"fmt"
	"reflect"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data/tokenizer"
	"t5train/internal/sysinfo"
	"t5train/internal/ui"
	"t5train/model"
	"t5train/trainer/setup"
)

// checkModel returns the tokenizer that goes with the model, nil if there is none.
func checkModel(c *configs.Config) (*tokenizer.Tokenizer, error) {
	dir, err := "", error(nil)
	if c.Model.Path != "" {
		if dir, _, err = checkpoints.Resolve(c.Model.Path); err != nil {
			return nil, err
		}
	}
	tok, err := setup.OpenTokenizer(c.Tokenizer, dir)
	if err != nil {
		return nil, err
	}
	config := model.Config{}
	if dir == "" {
		config, err = setup.ModelConfig(c.Model, tok)
	} else {
		config, err = checkpoints.ReadModelConfig(dir)
	}
	if err != nil {
		return nil, err
	}
	return tok, checkpoints.CheckTokenizer(config, tok)
}

// startModel builds or loads the model that training starts from. The weights of a checkpoint are verified, or taken
// as they are.
func startModel(c *configs.Config, from resumePoint, verify bool, sink ui.Sink) (*checkpoints.Folder, error) {
	dir, how := from.dir, ""
	if from.resume {
		if err := from.verify(); err != nil {
			return nil, err
		}
		how = fmt.Sprintf("go on with the run in %s from step %d (run.overwrite starts again)", c.Output, from.step)
	} else if c.Model.Path != "" {
		var err error
		if dir, how, err = checkpoints.Resolve(c.Model.Path); err != nil {
			return nil, err
		}
	}
	source := c.Tokenizer
	if from.resume {
		source.Path = "" // the checkpoint holds the one of the run
	}
	tok, err := setup.OpenTokenizer(source, dir)
	if err != nil {
		return nil, err
	}
	if dir != "" {
		b, err := checkpoints.OpenFolder(dir, tok, verify && !from.resume) // from.verify has
		if err != nil {
			return nil, err
		}
		if b.Model.Int8() {
			return nil, fmt.Errorf("train %s: %w", dir, model.ErrInt8)
		}
		ui.Say(sink, "model", "%s, %s parameters", how, ui.Grouped(int(b.Model.Config.Parameters())))
		if !from.resume {
			sayPretrained(c, b, sink)
		}
		b.Info = checkpoints.Info{}
		if rate := c.Model.DropoutRate; rate != nil {
			b.Model.Config.DropoutRate = *rate
		}
		return b, nil
	}
	config, err := setup.ModelConfig(c.Model, tok)
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
	return &checkpoints.Folder{Model: m, Tokenizer: tok}, nil
}

// TrainedBytes is the least that a model takes in training: a weight and a gradient for each parameter.
func TrainedBytes(c model.Config) float64 { return 8 * float64(c.Parameters()) }

// sayPretrained says what a model that was pre-trained here brings along or leaves behind, which a user may not expect.
func sayPretrained(c *configs.Config, b *checkpoints.Folder, sink ui.Sink) {
	was := b.Info.Objective
	switch {
	case was == nil:
	case c.Pretraining() && was.Name != c.Objective.Name:
		ui.Detail(sink, "objective", "%s from now on, but the model was pre-trained by %s (objective.name %s goes on with that)",
			c.Objective.Name, was.Name, was.Name)
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
