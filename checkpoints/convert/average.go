package convert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/data/tokenizer"
	"t5train/internal/difference"
	"t5train/model"
)

// averaged returns the folders of the mean that the options ask for, and what is said of them.
func (o ConvertOptions) averaged(path string) (dirs []string, how string, err error) {
	if o.Tokenizer != "" || o.VocabSize != 0 {
		return nil, "", errors.New("convert: convert.average keeps the vocabulary: change that of its result in a " +
			"second conversion")
	}
	dirs, err = foldersOf(path, o.Average)
	if err != nil {
		return nil, "", fmt.Errorf("convert.average %s: %w", o.Average, err)
	}
	return dirs, fmt.Sprintf("the mean of %d checkpoints: %s", len(dirs), strings.Join(dirs, ", ")), nil
}

// foldersOf returns the folders of the checkpoints that text names: see [ConvertOptions]. path may be "".
func foldersOf(path, text string) ([]string, error) {
	run, err := checkpoints.OpenRun(path)
	if err != nil {
		return nil, err
	}
	steps, err := run.Steps()
	if err != nil {
		return nil, err
	}
	if count, last := strings.CutPrefix(text, "last:"); last {
		n, err := strconv.Atoi(count)
		switch {
		case err != nil || n < 2:
			return nil, errors.New("want last:N with N from 2, such as last:5")
		case len(steps) < n:
			return nil, fmt.Errorf("%s holds %d of so many checkpoints: name a smaller number, or let a run keep more "+
				"with checkpoint.keep_last", path, len(steps))
		}
		var dirs []string
		for _, step := range steps[len(steps)-n:] {
			dirs = append(dirs, run.Dir(step))
		}
		return dirs, nil
	}
	var dirs []string
	for name := range strings.SplitSeq(text, ",") {
		dir, err := named(run, steps, strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		if slices.Contains(dirs, dir) {
			return nil, fmt.Errorf("%s is named twice", dir)
		}
		dirs = append(dirs, dir)
	}
	if len(dirs) < 2 {
		return nil, errors.New("want two checkpoints or more, with commas between them, or last:N")
	}
	return dirs, nil
}

// named returns the folder of a checkpoint, by its step or its name in a run, or that of any other.
func named(run *checkpoints.Run, steps []int, name string) (string, error) {
	for _, step := range steps {
		if dir := run.Dir(step); name == strconv.Itoa(step) || name == filepath.Base(dir) {
			return dir, nil
		}
	}
	dir, _, err := checkpoints.Resolve(name)
	return filepath.Clean(dir), err
}

// sameModels returns the tensors of other checkpoints, which must be of this architecture and vocabulary.
func (c *conversion) sameModels(others []*checkpoints.Weights) ([][]safetensors.Tensor, error) {
	var all [][]safetensors.Tensor
	want, err := architecture(c.parsed)
	if err != nil {
		return nil, err
	}
	for _, w := range others {
		_, config, tensors, err := resolve(w)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", w.Dir(), err)
		}
		got, err := architecture(config)
		if err != nil {
			return nil, err
		}
		if changes := difference.Of(got, want); len(changes) > 0 {
			return nil, fmt.Errorf("%s is of another architecture (%s), and only models of one have a mean: name "+
				"checkpoints of one model", w.Dir(), strings.Join(changes, ", "))
		}
		if err := c.sameVocabulary(w.Dir()); err != nil {
			return nil, err
		}
		all = append(all, tensors)
	}
	return all, nil
}

// sameVocabulary makes sure that the tokenizer of a folder has the pieces of this one.
func (c *conversion) sameVocabulary(dir string) error {
	other, err := tokenizer.Load(dir)
	if err != nil || c.tokenizer == nil {
		return nil // nothing to compare
	}
	if !other.SameVocabulary(c.tokenizer) {
		return fmt.Errorf("%s has another vocabulary, so that a row of its embedding belongs to another token: name "+
			"checkpoints of one vocabulary", dir)
	}
	return nil
}

// architecture returns the keys of a model that its weights depend on.
func architecture(c model.Config) (map[string]string, error) {
	raw, err := c.JSON()
	if err != nil {
		return nil, err
	}
	keys := map[string]any{}
	if err := json.Unmarshal(raw, &keys); err != nil {
		return nil, err
	}
	delete(keys, "dropout_rate") // of the training
	texts := map[string]string{}
	for key, value := range keys {
		texts[key] = fmt.Sprint(value)
	}
	return texts, nil
}

// meanTensor returns the mean of tensors of one shape, summed in float64.
func meanTensor(tensors []safetensors.Tensor, dtype safetensors.DType) safetensors.Lazy {
	const most = 1 << 16 // elements at a time
	first := tensors[0]
	return safetensors.Lazy{Name: first.Name, DType: dtype, Shape: first.Shape, Write: func(w io.Writer) error {
		n := min(most, first.Elements())
		sums, values := make([]float64, n), make([]float32, n)
		for from := 0; from < first.Elements(); from += most {
			to := min(from+most, first.Elements())
			sums, values := sums[:to-from], values[:to-from]
			clear(sums)
			for _, t := range tensors {
				if err := t.Part(from, to).CopyFloat32(values); err != nil {
					return err
				}
				for i, v := range values {
					sums[i] += float64(v)
				}
			}
			for i, v := range sums {
				values[i] = float32(v / float64(len(tensors)))
			}
			if err := safetensors.FromFloat32(first.Name, []int{to - from}, values).As(dtype).Write(w); err != nil {
				return err
			}
		}
		return nil
	}}
}
