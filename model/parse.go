package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"t5train/model/kernel"
)

// ParseConfig reads a config.json as written by transformers 4 and 5 or by t5train. Keys have the aliases, the defaults
// and the precedence of transformers 5: hidden_size outranks d_model, dense_act_fn and is_gated_act what
// feed_forward_proj says. A key that would change the model and is not supported is an error. Other keys are ignored,
// as the format demands.
//
// Where scale_decoder_outputs is absent it follows tie_word_embeddings, except in an mT5 of transformers 5, which never
// scales; Load corrects the tying when the stored tensors say otherwise.
func ParseConfig(raw []byte) (Config, error) { return parseConfig(raw) }

// ParseEncoderConfig is ParseConfig for the encoder alone: what a config.json says of a decoder is not read, for it may
// be that of a T5EncoderModel. The result describes as many layers of a decoder.
func ParseEncoderConfig(raw []byte) (Config, error) {
	return parseConfig(raw, "is_encoder_decoder", "num_decoder_layers", "decoder_start_token_id")
}

// parseConfig reads all keys but the unread ones.
func parseConfig(raw []byte, unread ...string) (Config, error) {
	keys := configKeys{}
	err := json.Unmarshal(raw, &keys)
	for _, key := range unread {
		delete(keys, key)
	}
	var c Config
	if err == nil {
		c, err = keys.config()
	}
	if err != nil {
		return Config{}, fmt.Errorf("parse config.json: %w", err)
	}
	return c, nil
}

func (keys configKeys) config() (Config, error) {
	kind := "t5"
	if err := keys.read("model_type", &kind); err != nil {
		return Config{}, err
	}
	if err := keys.refused(); err != nil {
		return Config{}, err
	}
	c := defaults(kind)
	errs := []error{
		keys.read("num_layers", &c.NumLayers, &c.NumDecoderLayers), // not its alias: as in transformers
		keys.readOptional("num_decoder_layers", &c.NumDecoderLayers),
		keys.readOptional("tie_word_embeddings", &c.TieWordEmbeddings),
		keys.readEOS(&c),
	}
	for _, f := range []struct {
		key, alias string
		to         any
	}{
		{"vocab_size", "", &c.VocabSize}, {"d_model", "hidden_size", &c.DModel}, {"d_kv", "head_dim", &c.DKV},
		{"d_ff", "", &c.DFF},
		{"num_layers", "num_hidden_layers", &c.NumLayers}, {"num_heads", "num_attention_heads", &c.NumHeads},
		{"relative_attention_num_buckets", "", &c.RelativeAttentionNumBuckets},
		{"relative_attention_max_distance", "", &c.RelativeAttentionMaxDistance},
		{"dropout_rate", "", &c.DropoutRate}, {"layer_norm_epsilon", "", &c.LayerNormEpsilon},
		{"feed_forward_proj", "", &c.FeedForwardProj}, {"pad_token_id", "", &c.PadTokenID},
	} {
		errs = append(errs, keys.read(f.key, f.to), keys.read(f.alias, f.to))
	}
	c.DecoderStartTokenID = c.PadTokenID // what it is in every T5; transformers has no default
	errs = append(errs, keys.read("decoder_start_token_id", &c.DecoderStartTokenID), keys.readScale(&c),
		keys.readActivation(&c))
	if err := errors.Join(errs...); err != nil {
		return Config{}, err
	}
	return c, c.Validate()
}

// defaults returns those of T5Config, MT5Config and UMT5Config.
func defaults(kind string) Config {
	c := v1_0(512, 64, 2048, 6, 8)
	if kind == "mt5" || kind == "umt5" {
		c = v1_1(512, 64, 1024, 8, 6)
		c.VocabSize = 250112
		c.TieWordEmbeddings = kind == "umt5"
	}
	c.ModelType = kind
	return c
}

// configKeys are the keys of a config.json with their values as they are written.
type configKeys map[string]json.RawMessage

// read puts the value of a key in each place; without the key they stay as they are. Null is no value.
func (k configKeys) read(key string, to ...any) error {
	raw, ok := k[key]
	if !ok {
		return nil
	}
	if string(raw) == "null" {
		return fmt.Errorf("%s is null: want a value, or no such key", key)
	}
	for _, place := range to {
		if err := json.Unmarshal(raw, place); err != nil {
			return fmt.Errorf("%s is %.40s: want %s", key, compact(raw), wanted(place))
		}
	}
	return nil
}

// readOptional is read for a key that may be null, which is as if it were absent.
func (k configKeys) readOptional(key string, to any) error {
	if string(k[key]) == "null" {
		return nil
	}
	return k.read(key, to)
}

// compact returns a value in one line.
func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return string(raw)
	}
	return b.String()
}

func wanted(place any) string {
	switch place.(type) {
	case *int:
		return "an integer"
	case *float64:
		return "a number"
	case *bool:
		return "true or false"
	}
	return "text"
}

// readEOS reads one token or a list of them.
func (k configKeys) readEOS(c *Config) error {
	const key = "eos_token_id"
	if !strings.HasPrefix(string(k[key]), "[") {
		return k.read(key, &c.EOSTokenID)
	}
	if err := json.Unmarshal(k[key], &c.EOSTokenIDs); err != nil || len(c.EOSTokenIDs) == 0 {
		return fmt.Errorf("%s is %.40s: want a token id or a list of them", key, compact(k[key]))
	}
	c.EOSTokenID = c.EOSTokenIDs[0]
	return nil
}

// readScale follows the constructors of transformers 5: all but mT5's go by whether the file unties the embeddings.
func (k configKeys) readScale(c *Config) error {
	var version string
	if err := k.readOptional("transformers_version", &version); err != nil {
		return err
	}
	raw, given := k["scale_decoder_outputs"]
	if given {
		c.ScaleDecoderOutputs = false // also where it is null
		if string(raw) == "null" {
			return nil
		}
		return k.read("scale_decoder_outputs", &c.ScaleDecoderOutputs)
	}
	// transformers 5 ties mT5's embeddings as version 4 does, but has no factor there.
	unscaled := c.ModelType == "mt5" && strings.HasPrefix(version, "5.")
	c.ScaleDecoderOutputs = c.TieWordEmbeddings && !unscaled
	return nil
}

// readActivation lets dense_act_fn and is_gated_act, where they are given, outrank feed_forward_proj, and writes there
// what holds. Flan-T5 was published with "gelu", "gelu" and true.
func (k configKeys) readActivation(c *Config) error {
	f, gated, err := c.Activation()
	name := ""
	if k["dense_act_fn"] != nil {
		if err := k.read("dense_act_fn", &name); err != nil {
			return err
		}
		var ok bool
		if f, ok = activations[name]; !ok {
			return fmt.Errorf("dense_act_fn %.40q is not supported: want %s", name, knownActivations)
		}
	} else if err != nil {
		return err
	}
	gated = strings.HasPrefix(c.FeedForwardProj, "gated-")
	if raw := string(k["is_gated_act"]); raw == "null" {
		gated = false
	} else if err := k.read("is_gated_act", &gated); err != nil {
		return err
	}
	if said, saidGated, err := c.Activation(); err != nil || said != f || saidGated != gated {
		c.FeedForwardProj = feedForwardProj(f, gated)
	}
	return nil
}

// feedForwardProj is the name that means an activation in any version of transformers.
func feedForwardProj(f kernel.Activation, gated bool) string {
	switch {
	case gated && f == kernel.GELUErf:
		return "gated-gelu_python" // "gated-gelu" is the tanh form
	case gated:
		return "gated-" + f.String()
	}
	return f.String()
}

// refused is an error for the keys that change a model in a way that is not supported.
func (k configKeys) refused() error {
	effects := map[string]string{ // key: the remedy, where its value is none of these
		"is_encoder_decoder":  "want a model with an encoder and a decoder, or embed texts with it",
		"quantization_config": "load the model with transformers, dequantize() it, and save it as bfloat16 or float32",
		"per_layer_config":    "every layer of a model has one configuration here",
	}
	for _, key := range slices.Sorted(maps.Keys(effects)) {
		raw, given := k[key]
		if given && !slices.Contains([]string{"null", "true", "{}", "[]"}, string(raw)) {
			return fmt.Errorf("%s is %.40s, which is not supported: %s", key, compact(raw), effects[key])
		}
	}
	return nil
}
