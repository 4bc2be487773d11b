package setup

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"t5train/checkpoints"
	"t5train/checkpoints/peft"
	"t5train/configs"
	"t5train/data/tokenizer"
	"t5train/internal/optional"
	"t5train/internal/ui"
)

// startAdapter opens the base in dir and puts adapters beside it: those of the checkpoint that a run is resumed from,
// of lora.adapter, or new ones. The base of a run that is resumed is in model.path as before.
func startAdapter(c *configs.Config, dir, how string, tok *tokenizer.Tokenizer, at Start, verify bool,
	sink ui.Sink) (*checkpoints.Folder, error) {
	adapter, l := at.Dir, c.LoRA
	var err error
	if adapter != "" {
		if dir, _, err = checkpoints.Resolve(c.Model.Path); err != nil {
			return nil, fmt.Errorf("open the base of the adapter: %w", err)
		}
	} else if l.Adapter != "" {
		if adapter, how, err = checkpoints.FindAdapter(l.Adapter); err != nil {
			return nil, err
		}
	}
	b, err := checkpoints.OpenBase(dir, tok, verify, optional.Value(l.Base))
	if err != nil {
		return nil, err
	}
	base, err := baseName(c.Model.Path, dir)
	if err != nil {
		return nil, err
	}
	if adapter != "" {
		err = b.AttachAdapter(adapter, verify && at.Dir == "")
	} else {
		targets := l.Targets
		if len(targets) == 0 {
			targets = []string{"q", "v"}
		}
		config := peft.New(base, l.Rank, optional.Value(l.Alpha), l.Dropout, targets, l.ModulesToSave)
		b.Adapter, err = &config, config.Start(b.Model, uint64(c.Train.Seed))
	}
	if err != nil {
		return nil, err
	}
	b.Adapter.Base = base
	for _, p := range b.Model.Params {
		if p.LoRA != nil && (l.Adapter == "" || l.Dropout > 0) {
			p.LoRA.Dropout = float32(l.Dropout)
		}
	}
	b.Adapter.Dropout = cmp.Or(l.Dropout, b.Adapter.Dropout)
	trained := 0
	for _, p := range b.Model.Trained() {
		trained += p.Size()
	}
	ui.Say(sink, "model", "%s, %s parameters, of which nothing is trained but %s of an adapter", how,
		ui.Grouped(int(b.Model.Config.Parameters())), ui.Grouped(trained))
	if dtype := b.Model.DType(); dtype != "float32" {
		ui.Detail(sink, "base", "its matrices stay in %s", dtype)
	}
	return b, nil
}

// baseName is what an adapter calls its base: the folder, wherever the adapter goes, or the name of a model.
func baseName(path, dir string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		return path, nil // built in, or of the hub
	}
	return filepath.Abs(dir)
}
