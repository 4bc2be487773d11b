package peft

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"t5train/internal/bounded"
	"t5train/internal/lfs"
	"t5train/model"
)

// The files of an adapter.
const (
	ConfigName  = "adapter_config.json"
	WeightsName = "adapter_model.safetensors"
)

// AllLinear stands for all linear layers of the blocks.
const AllLinear = "all-linear"

// Config is adapter_config.json: what an adapter stands beside, and how much of it is added. Fields are named as in
// peft, whose documentation they follow.
type Config struct {
	Type string `json:"peft_type"` // LORA
	Task string `json:"task_type"`
	Base string `json:"base_model_name_or_path"`

	Rank          int            `json:"r"`
	Alpha         float64        `json:"lora_alpha"`
	RankPattern   map[string]int `json:"rank_pattern"`  // ranks of some modules, by regular expressions
	AlphaPattern  alphas         `json:"alpha_pattern"` // likewise, and the first that matches counts
	RSLoRA        bool           `json:"use_rslora"`    // the scale is alpha/sqrt(rank) and not alpha/rank
	Dropout       float64        `json:"lora_dropout"`
	TargetModules modules        `json:"target_modules"`
	ModulesToSave []string       `json:"modules_to_save"` // that are trained themselves, with all their parameters
	Bias          string         `json:"bias"`            // none: T5 has no biases

	FanInFanOut   bool `json:"fan_in_fan_out"` // of weights that lie transposed, which those of T5 do not
	InferenceMode bool `json:"inference_mode"`
}

// modules are names of modules, or a regular expression or all-linear in the place of a list.
type modules []string

// UnmarshalJSON reads a list or a text.
func (m *modules) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*m = modules{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(m))
}

// harmless are the keys of adapter_config.json that change nothing about what an adapter computes, or whose effect is
// seen in its tensors.
var harmless = []string{
	"auto_mapping", "corda_config", "ensure_weight_tying", "eva_config", "exclude_modules", "init_lora_weights",
	"layers_pattern", "layers_to_transform", "loftq_config", "lora_ga_config", "megatron_config", "megatron_core",
	"peft_version", "qalora_group_size", "revision",
}

// ReadConfig reads the adapter_config.json of a folder.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, ConfigName)
	raw, err := bounded.ReadFile(path)
	if err == nil {
		err = lfs.Check(raw)
	}
	if err != nil {
		return Config{}, fmt.Errorf("read adapter: %w", err)
	}
	c, err := ParseConfig(raw)
	if err != nil {
		return Config{}, fmt.Errorf("read %s: %w", path, err)
	}
	return c, nil
}

// ParseConfig reads the content of adapter_config.json. What t5train cannot compute is an error.
func ParseConfig(raw []byte) (Config, error) {
	c := Config{Type: "LORA", Bias: "none", Rank: 8, Alpha: 8}
	if err := json.Unmarshal(raw, &c); err != nil {
		return Config{}, fmt.Errorf("%w: copy the file again", err)
	}
	if c.Type != "LORA" {
		return Config{}, fmt.Errorf("the adapter is of the kind %.40s, and only LORA can be read: merge it into its "+
			"base with peft", c.Type)
	}
	var keys map[string]any
	if err := json.Unmarshal(raw, &keys); err != nil {
		return Config{}, err
	}
	own, err := c.keys()
	if err != nil {
		return Config{}, err
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if _, known := own[key]; !known && !slices.Contains(harmless, key) && isSet(keys[key]) {
			return Config{}, fmt.Errorf("%.60s is set, which t5train does not read: merge the adapter into its base "+
				"with peft", key)
		}
	}
	if kind, ok := keys["init_lora_weights"].(string); ok && !slices.Contains([]string{"gaussian", "eva", "orthogonal"},
		kind) {
		return Config{}, fmt.Errorf("init_lora_weights is %.40q, which changes the weights of the base: merge the "+
			"adapter into its base with peft", kind)
	}
	if c.Rank < 1 || !(math.Abs(c.Alpha) <= math.MaxFloat32) || !(c.Dropout >= 0 && c.Dropout < 1) {
		return Config{}, fmt.Errorf("r is %d, lora_alpha %g and lora_dropout %g, want at least 1, a number, and one "+
			"from 0 and below 1", c.Rank, c.Alpha, c.Dropout)
	}
	for _, p := range c.AlphaPattern {
		if !(math.Abs(p.alpha) <= math.MaxFloat32) {
			return Config{}, fmt.Errorf("alpha_pattern has %g for %.60q, want a number that float32 holds", p.alpha,
				p.pattern)
		}
	}
	return c, nil
}

// isSet reports whether the value of a key says anything.
func isSet(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// keys returns the configuration as the keys of its file.
func (c Config) keys() (map[string]any, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	keys := map[string]any{}
	return keys, json.Unmarshal(raw, &keys)
}

// JSON returns the content of adapter_config.json for the adapters of a model. What they stand beside, and ranks and
// scales that differ, are written as the model has them.
func (c Config) JSON(m *model.T5) ([]byte, error) {
	c.RankPattern, c.AlphaPattern = map[string]int{}, nil
	c.InferenceMode = true
	var adapted []string
	for _, path := range m.AdaptedModules() {
		l := m.Param(path + weightSuffix).LoRA
		if l == nil {
			continue
		}
		adapted = append(adapted, path)
		rank := l.A.Shape[0]
		if rank != c.Rank {
			c.RankPattern[path] = rank
		}
		if alpha := float64(l.Scale) * c.divisor(rank); math.Abs(alpha-c.Alpha) > 1e-5*math.Abs(c.Alpha) {
			c.AlphaPattern = append(c.AlphaPattern, alphaOf{path, alpha})
		}
	}
	switch {
	case !slices.Equal(c.matching(m), adapted):
		c.TargetModules = adapted
	case slices.Contains(c.TargetModules, AllLinear):
		c.TargetModules = kinds(m)
	}
	return json.MarshalIndent(c, "", "  ")
}

// divisor of alpha gives the scale of an adapter.
func (c Config) divisor(rank int) float64 {
	if c.RSLoRA {
		return math.Sqrt(float64(rank))
	}
	return float64(rank)
}

// scale returns the scale of the adapter of a module.
func (c Config) scale(path string, rank int) (float32, error) {
	alpha := c.Alpha
	for _, p := range c.AlphaPattern {
		matches, err := patternMatches(p.pattern, path)
		if err != nil {
			return 0, err
		}
		if matches {
			alpha = p.alpha
			break
		}
	}
	return float32(alpha / c.divisor(rank)), nil
}

// patternMatches reports whether a pattern names a module: peft's get_pattern_key takes the first that does.
func patternMatches(pattern, path string) (bool, error) {
	re, err := regexp.Compile(`^(?:(.*\.)?(` + pattern + `))$`)
	if err != nil {
		return false, fmt.Errorf("alpha_pattern has %.60q, which is no pattern that t5train reads: %w", pattern, err)
	}
	return re.MatchString(path), nil
}

// matching returns the paths of the modules of a model that target_modules names: by whole paths or their ends, or
// all-linear. A regular expression matches none here: what an adapter stands beside is seen in its tensors.
func (c Config) matching(m *model.T5) []string {
	var paths []string
	for _, path := range m.AdaptedModules() {
		for _, target := range c.TargetModules {
			if target == AllLinear || path == target || strings.HasSuffix(path, "."+target) {
				paths = append(paths, path)
				break
			}
		}
	}
	return paths
}
