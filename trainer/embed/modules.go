package embed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"t5train/checkpoints"
	"t5train/internal/bounded"
)

// modules is what a sentence-transformers folder makes of the states of its encoder: a mean, then projections, then
// vectors of length 1. It is empty for any other folder.
type modules struct {
	dense     []dense
	normalize bool
	maxLength int    // of inputs in tokens
	prompt    string // in front of every text
}

// dense is a projection, such as that of sentence-T5.
type dense struct {
	weight  []float32 // [out, in]
	bias    []float32 // [out], or nil
	in, out int
	tanh    bool

	digest string // of its files
}

// modulesName is the file by which sentence-transformers knows its folders.
const modulesName = "modules.json"

// readModules reads what modules.json of a folder lists behind an encoder of a width.
func readModules(dir string, width int) (m modules, err error) {
	var list []struct{ Path, Type string }
	if ok, err := readJSON(filepath.Join(dir, modulesName), &list); err != nil || !ok {
		return m, err
	}
	for i, module := range list {
		kind := module.Type[strings.LastIndex(module.Type, ".")+1:]
		if !filepath.IsLocal(module.Path) && module.Path != "" {
			return m, fmt.Errorf("%s: the path %q leads out of the folder", modulesName, module.Path)
		}
		path := filepath.Join(dir, module.Path)
		switch {
		case kind == "Transformer" && i == 0 && (module.Path == "" || module.Path == "."):
			err = m.readTransformer(path)
		case kind == "Pooling" && i == 1:
			err = checkPooling(path)
		case kind == "Dense" && i > 1 && !m.normalize:
			var d dense
			d, err = readDense(path, width)
			m.dense, width = append(m.dense, d), d.out
		case kind == "Normalize" && i > 1:
			m.normalize = true
		default:
			err = fmt.Errorf("%s: %.80q as module %d is not supported: want Transformer, Pooling (mean), Dense and "+
				"Normalize, in this order", modulesName, module.Type, i)
		}
		if err != nil {
			return m, err
		}
	}
	if len(list) < 2 {
		return m, fmt.Errorf("%s has %d modules, want at least Transformer and Pooling", modulesName, len(list))
	}
	return m, nil
}

// readTransformer reads what sentence-transformers adds to the configuration of the encoder.
func (m *modules) readTransformer(dir string) error {
	var bert struct {
		Length *int `json:"max_seq_length"`
		Lower  bool `json:"do_lower_case"`
	}
	const bertName = "sentence_bert_config.json"
	_, err := readJSON(filepath.Join(dir, bertName), &bert)
	if err == nil && bert.Length != nil {
		if m.maxLength = *bert.Length; m.maxLength < 2 {
			err = fmt.Errorf("%s: max_seq_length is %d: want at least 2", bertName, m.maxLength)
		}
	}
	if err == nil && bert.Lower {
		err = fmt.Errorf("%s: do_lower_case is not supported: put texts in lower case before, and remove it", bertName)
	}
	if err != nil {
		return err
	}
	var sentence struct {
		Prompts map[string]string
		Default *string `json:"default_prompt_name"`
	}
	const sentenceName = "config_sentence_transformers.json"
	if _, err := readJSON(filepath.Join(dir, sentenceName), &sentence); err != nil || sentence.Default == nil {
		return err
	}
	var ok bool
	if m.prompt, ok = sentence.Prompts[*sentence.Default]; !ok {
		return fmt.Errorf("%s: default_prompt_name is %q, which prompts does not have", sentenceName, *sentence.Default)
	}
	return nil
}

// checkPooling makes sure that the pooling is the mean.
func checkPooling(dir string) error {
	path := filepath.Join(dir, "config.json")
	config := map[string]any{}
	if ok, err := readJSON(path, &config); err != nil || !ok {
		return errors.Join(err, missing(path, ok))
	}
	var modes []string
	if mode, ok := config["pooling_mode"].(string); ok {
		modes = append(modes, mode)
	}
	for key, value := range config {
		if mode, ok := strings.CutPrefix(key, "pooling_mode_"); ok && value == true {
			modes = append(modes, strings.TrimSuffix(mode, "_tokens"))
		}
	}
	if slices.Sort(modes); !slices.Equal(slices.Compact(modes), []string{"mean"}) {
		return fmt.Errorf("%s: pooling %q is not supported: want mean alone", path, modes)
	}
	return nil
}

// readDense reads a projection of vectors of a width.
func readDense(dir string, width int) (d dense, err error) {
	path := filepath.Join(dir, "config.json")
	config := struct {
		In         int `json:"in_features"`
		Out        int `json:"out_features"`
		Bias       bool
		Activation string `json:"activation_function"`
	}{Bias: true, Activation: "torch.nn.modules.activation.Tanh"}
	if ok, err := readJSON(path, &config); err != nil || !ok {
		return d, errors.Join(err, missing(path, ok))
	}
	d.in, d.out = config.In, config.Out
	switch config.Activation {
	case "torch.nn.modules.linear.Identity":
	case "torch.nn.modules.activation.Tanh":
		d.tanh = true
	default:
		return d, fmt.Errorf("%s: activation_function %.80q is not supported: want Identity or Tanh", path,
			config.Activation)
	}
	if d.in != width || d.out < 1 || d.out > 1<<20 {
		return d, fmt.Errorf("%s: in_features is %d and out_features %d: want %d, and 1 to %d", path, d.in, d.out,
			width, 1<<20)
	}
	weights, err := checkpoints.OpenWeights(dir)
	if err != nil {
		return d, err
	}
	defer weights.Close()
	if d.weight, err = tensor(weights, "linear.weight", d.out, d.in); err == nil && config.Bias {
		d.bias, err = tensor(weights, "linear.bias", d.out)
	}
	if err == nil {
		d.digest, err = checkpoints.Digest(dir)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", dir, err)
	}
	return d, err
}

// tensor reads a tensor of a shape.
func tensor(w *checkpoints.Weights, name string, shape ...int) ([]float32, error) {
	have, ok := w.Shape(name)
	if !ok || !slices.Equal(have, shape) {
		return nil, fmt.Errorf("tensor %s has shape %v, want %v", name, have, shape)
	}
	size := 1
	for _, n := range shape {
		size *= n
	}
	values := make([]float32, size)
	return values, w.CopyFloat32(name, values)
}

// project returns what the projections make of a vector.
func (m *modules) project(v []float32) []float32 {
	for _, d := range m.dense {
		out := make([]float32, d.out)
		for o := range out {
			var sum float64
			for i, w := range d.weight[o*d.in : (o+1)*d.in] {
				sum += float64(w) * float64(v[i])
			}
			if d.bias != nil {
				sum += float64(d.bias[o])
			}
			if d.tanh {
				sum = math.Tanh(sum)
			}
			out[o] = float32(sum)
		}
		v = out
	}
	return v
}

// readJSON reads a file; ok is false if there is none.
func readJSON(path string, to any) (ok bool, err error) {
	raw, err := bounded.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, to)
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", path, err)
	}
	return true, nil
}

func missing(path string, ok bool) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%s is missing: copy or download it too", path)
}
