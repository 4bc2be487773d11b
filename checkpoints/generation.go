package checkpoints

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"t5train/internal/bounded"
	"t5train/internal/lfs"
	"t5train/model/generate"
)

// ReadGeneration returns what generation_config.json of a checkpoint folder sets, taken as generate of transformers
// takes it, and the file with the keys that it does so by, "" if there are none. Without the file the keys of
// config.json count, where older models have them. MaxTokens 0 means that no limit is set. A key that would change what
// is generated and is not supported is an error.
func ReadGeneration(dir string) (o generate.Options, said string, err error) {
	name, raw, err := ReadGenerationKeys(dir)
	if err != nil || raw == nil {
		return generate.Options{}, "", err
	}
	o, said, err = parseGeneration(raw)
	if err != nil {
		return generate.Options{}, "", fmt.Errorf("read %s: %w", filepath.Join(dir, name), err)
	}
	if said != "" {
		said = name + ": " + said
	}
	return o, said, nil
}

// ReadGenerationKeys returns generation_config.json, or what config.json has of its keys, with the name of the file;
// nil if there is neither.
func ReadGenerationKeys(dir string) (name string, raw []byte, err error) {
	raw, err = bounded.ReadFile(filepath.Join(dir, GenerationName))
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return GenerationName, raw, err
	}
	const config = "config.json"
	raw, err = bounded.ReadFile(filepath.Join(dir, config))
	if errors.Is(err, fs.ErrNotExist) {
		return config, nil, nil
	} else if err != nil {
		return config, nil, err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return config, nil, fmt.Errorf("read %s: %w: copy the file again", filepath.Join(dir, config), err)
	}
	maps.DeleteFunc(keys, func(key string, _ json.RawMessage) bool {
		return newGeneration().field(key) == nil && !slices.Contains(unsupportedGeneration, key)
	})
	raw, err = json.MarshalIndent(keys, "", "  ")
	return config, raw, err
}

// unsupportedGeneration are the other keys that change what generate of transformers 5 gives, also where config.json
// has them.
var unsupportedGeneration = []string{
	"begin_suppress_tokens", "diversity_penalty", "encoder_repetition_penalty",
	"exponential_decay_length_penalty", "guidance_scale", "max_time",
	"num_beam_groups", "prompt_lookup_num_tokens", "renormalize_logits", "sequence_bias",
	"stop_strings", "token_healing", "top_h", "use_mtp",
	"watermarking_config",
}

func parseGeneration(raw []byte) (generate.Options, string, error) {
	if err := lfs.Check(raw); err != nil {
		return generate.Options{}, "", err
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil {
		return generate.Options{}, "", fmt.Errorf("%w: copy the file again, or delete it", err)
	}
	g := newGeneration()
	var said, unsupported []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		var compact bytes.Buffer
		if err := json.Compact(&compact, values[key]); err != nil {
			return generate.Options{}, "", err
		}
		value := compact.String()
		if value == "null" || withoutEffect(key, value) {
			continue
		}
		field := g.field(key)
		if field == nil {
			unsupported = append(unsupported, fmt.Sprintf("%.40s %.40s", key, value))
			continue
		}
		if err := json.Unmarshal(values[key], field); err != nil {
			return generate.Options{}, "", fmt.Errorf("%s is %.40s: %w: correct the file, or delete the key", key,
				value, err)
		}
		if !slices.Contains(roleKeys, key) {
			said = append(said, fmt.Sprintf("%s %.40s", key, value))
		}
	}
	if more := len(unsupported) - 20; more > 0 {
		unsupported = append(unsupported[:20], fmt.Sprintf("%d more", more))
	}
	if len(unsupported) > 0 {
		return generate.Options{}, "", fmt.Errorf("it asks for what t5train cannot do: %s: delete the keys to "+
			"generate without them", strings.Join(unsupported, ", "))
	}
	o, err := g.resolve()
	if err == nil && g.sample && values["top_k"] == nil {
		said = append(said, "top_k 50 (as in transformers)")
	}
	if o.EOS != nil && len(o.EOS) == 0 {
		said = append(said, "no eos_token_id, so that an output ends at its limit alone (as in transformers)")
	}
	return o, strings.Join(said, ", "), err
}

// generation is what a file says.
type generation struct {
	options              generate.Options
	sample               bool
	maxLength, minLength int // with the start token
	eos, forcedEOS       tokens
	start, bos           *int32
	forcedBOS            *int32
}

// roleKeys name tokens that every generation has, so that nothing is said about them.
var roleKeys = []string{"eos_token_id", "decoder_start_token_id", "bos_token_id"}

// field returns where the value of a key goes, nil if the key is not supported.
func (g *generation) field(key string) any {
	switch key {
	case "max_length":
		return &g.maxLength
	case "min_length":
		return &g.minLength
	case "bad_words_ids":
		return &g.options.BadWords
	case "suppress_tokens":
		return &g.options.Suppress
	case "forced_eos_token_id":
		return &g.forcedEOS
	case "forced_bos_token_id":
		return &g.forcedBOS
	case "eos_token_id":
		return &g.eos
	case "decoder_start_token_id":
		return &g.start
	case "bos_token_id":
		return &g.bos
	case "do_sample":
		return &g.sample
	}
	for _, option := range generate.Table() {
		if option.Config == key && option.Value != nil {
			return option.Value(&g.options)
		}
	}
	return nil
}

// newGeneration returns what transformers 5 takes where a file says nothing, as far as that is not the zero value:
// GenerationConfig._get_default_generation_params.
func newGeneration() *generation {
	return &generation{options: generate.Options{Sampling: &generate.Sampling{Temperature: 1, TopK: 50}}}
}

// withoutEffect reports whether a key that is not supported changes nothing about the text.
func withoutEffect(key, value string) bool {
	switch key {
	case "pad_token_id", "transformers_version", "_from_model_config", "_commit_hash", "use_cache",
		"cache_implementation", "cache_config", "max_cache_len",
		"output_attentions", "output_hidden_states", "output_scores", "output_logits",
		"return_dict_in_generate", "remove_invalid_values", "low_memory", "compile_config", "disable_compile":
		return true
	case "num_beam_groups", "encoder_repetition_penalty", "guidance_scale":
		return value == "1" || value == "1.0"
	case "diversity_penalty":
		return value == "0" || value == "0.0"
	case "renormalize_logits", "token_healing", "is_assistant":
		return value == "false"
	}
	return false
}

// resolve joins the keys that say one thing.
func (g *generation) resolve() (generate.Options, error) {
	o := g.options
	if o.MaxTokens == 0 && g.maxLength > 0 {
		o.MaxTokens = max(1, g.maxLength-1)
	}
	if o.MinTokens == 0 {
		o.MinTokens = max(0, g.minLength-1)
	}
	if o.Start = g.start; o.Start == nil {
		o.Start = g.bos
	}
	switch {
	case len(g.eos) > 0:
		o.EOS = g.eos
	case o.Start != nil: // the file names the tokens of the model, and that there is no such one
		o.EOS = []int32{}
	}
	if g.forcedBOS != nil {
		o.Prefix = []int32{*g.forcedBOS}
	}
	if len(g.forcedEOS) > 0 {
		if o.ForcedEOS = slices.Equal(g.forcedEOS, g.eos); !o.ForcedEOS {
			return o, fmt.Errorf("forced_eos_token_id is %v, want eos_token_id %v: correct the file, or delete the key",
				g.forcedEOS, g.eos)
		}
	}
	if !g.sample {
		o.Sampling = nil
	} else if o.Beams > 1 {
		return o, fmt.Errorf("do_sample is true and num_beams is %d: t5train samples or searches, delete one of the "+
			"keys", o.Beams)
	}
	return o, nil
}

// tokens are one token or a list of them.
type tokens []int32

func (t *tokens) UnmarshalJSON(raw []byte) error {
	var one int32
	if json.Unmarshal(raw, &one) == nil {
		*t = tokens{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]int32)(t))
}
