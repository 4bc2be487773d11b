package convert

import (
	"errors"
	"fmt"
	"path/filepath"

	"t5train/checkpoints"
	"t5train/checkpoints/peft"
	"t5train/checkpoints/safetensors"
	"t5train/data/tokenizer"
	"t5train/internal/atomicfile"
	"t5train/internal/bounded"
	"t5train/model"
)

// findAdapter makes Adapter a folder, and returns the base: path, or what the adapter names if path leads to that.
func (o *ConvertOptions) findAdapter(path string) (base string, err error) {
	if o.Adapter != "" {
		o.Adapter, _, err = checkpoints.FindAdapter(o.Adapter)
		return path, err
	}
	dir, _, err := checkpoints.Find(path)
	if err != nil || !checkpoints.IsAdapter(dir) {
		return path, err
	}
	o.Adapter = dir
	return checkpoints.BaseOf(dir)
}

// openAdapter reads the adapter that is to be merged, and takes what its folder says of the task.
func (c *conversion) openAdapter() error {
	if c.options.Tokenizer != "" || c.options.VocabSize != 0 {
		return errors.New("convert.adapter keeps the vocabulary: change that of its result in a second conversion")
	}
	if !c.options.NoVerify {
		if err := checkpoints.Verify(c.options.Adapter); err != nil {
			return err
		}
	}
	c.adapted = model.NewBare(c.parsed)
	if _, err := peft.Attach(c.adapted, c.options.Adapter); err != nil {
		return fmt.Errorf("merge the adapter: %w", err)
	}
	for _, name := range []string{checkpoints.InfoName, cardName} {
		path := filepath.Join(c.options.Adapter, name)
		if !atomicfile.Exists(path) {
			continue
		}
		raw, err := bounded.ReadFile(path)
		if err != nil {
			return err
		}
		c.replaced = append(c.replaced, tokenizer.File{Name: name, Data: raw})
	}
	return nil
}

// changes reports whether the adapter changes the tensor of that name.
func (c *conversion) changes(name string) bool {
	if c.adapted == nil {
		return false
	}
	p := c.adapted.Param(name)
	return p != nil && (p.LoRA != nil || p.Value != nil)
}

// merged returns a tensor that the adapter changes.
func (c *conversion) merged(t safetensors.Tensor) (safetensors.Tensor, error) {
	p := c.adapted.Param(t.Name)
	values, err := p.Value, error(nil)
	if p.LoRA != nil {
		if values, err = t.Float32(); err == nil {
			p.LoRA.AddTo(nil, values)
		}
	}
	return safetensors.FromFloat32(t.Name, t.Shape, values), err
}
