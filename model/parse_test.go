package model

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/model/kernel"
)

// Values of transformers 5.24 (bench/check_folders.py compares them).
func TestParseConfigKeys(t *testing.T) {
	plain := `"model_type": "t5", "vocab_size": 96, "d_model": 32, "d_kv": 6, "d_ff": 64, ` +
		`"num_layers": 2, "num_heads": 4`
	for name, c := range map[string]struct {
		json   string
		change func(c *Config) // of what plain gives
	}{
		"aliases": {`{"hidden_size": 16, "head_dim": 7, "num_attention_heads": 3, "num_hidden_layers": 4, ` + plain +
			`}`,
			// the decoder goes by num_layers
			func(c *Config) { c.DModel, c.DKV, c.NumHeads, c.NumLayers = 16, 7, 3, 4 }},
		"defaults": {`{}`, func(c *Config) { *c = v1_0(512, 64, 2048, 6, 8) }},
		"defaults of mt5": {`{"model_type": "mt5"}`, func(c *Config) {
			*c = v1_1(512, 64, 1024, 8, 6)
			c.ModelType, c.VocabSize = "mt5", 250112
		}},
		"layers of the alias alone": {`{"num_hidden_layers": 3, "vocab_size": 96}`, func(c *Config) {
			*c = v1_0(512, 64, 2048, 6, 8)
			c.VocabSize, c.NumLayers = 96, 3
		}},
		"decoder null":    {`{"num_decoder_layers": null, ` + plain + `}`, func(c *Config) {}},
		"zero is a value": {`{"dropout_rate": 0, ` + plain + `}`, func(c *Config) { c.DropoutRate = 0 }},
		"tied null":       {`{"tie_word_embeddings": null, ` + plain + `}`, func(c *Config) {}},
		"scale null": {`{"scale_decoder_outputs": null, ` + plain + `}`,
			func(c *Config) { c.ScaleDecoderOutputs = false }},
		"ends": {`{"eos_token_id": [5, 1], ` + plain + `}`,
			func(c *Config) { c.EOSTokenID, c.EOSTokenIDs = 5, []int{5, 1} }},
		"start from pad": {`{"pad_token_id": 7, ` + plain + `}`,
			func(c *Config) { c.PadTokenID, c.DecoderStartTokenID = 7, 7 }},
		"no effect": {`{"is_encoder_decoder": true, "per_layer_config": {}, "quantization_config": null, ` +
			`"n_positions": 3, ` + plain + `}`, func(c *Config) {}},
		"keys by their case": {`{"D_MODEL": 99, ` + plain + `}`, func(c *Config) {}},
		"Flan-T5 of 2022": {`{"feed_forward_proj": "gelu", "dense_act_fn": "gelu", "is_gated_act": true, ` + plain +
			`}`, func(c *Config) { c.FeedForwardProj = "gated-gelu_python" }},
	} {
		want, err := ParseConfig([]byte("{" + plain + "}"))
		if err != nil {
			t.Fatal(err)
		}
		c.change(&want)
		if got, err := ParseConfig([]byte(c.json)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func TestParseConfigActivation(t *testing.T) {
	for keys, want := range map[string]struct {
		f     kernel.Activation
		gated bool
	}{
		`"feed_forward_proj": "gated-gelu"`:                                               {kernel.GELU, true},
		`"feed_forward_proj": "gelu"`:                                                     {kernel.GELUErf, false},
		`"feed_forward_proj": "gated-gelu", "dense_act_fn": "gelu"`:                       {kernel.GELUErf, true},
		`"feed_forward_proj": "gated-gelu", "dense_act_fn": "silu", "is_gated_act": true`: {kernel.SiLU, true},
		`"feed_forward_proj": "gated-gelu", "is_gated_act": false`:                        {kernel.GELU, false},
		`"feed_forward_proj": "gated-gelu", "is_gated_act": null`:                         {kernel.GELU, false},
		`"feed_forward_proj": "gelu", "dense_act_fn": "gelu_new", "is_gated_act": true`:   {kernel.GELU, true},
		`"feed_forward_proj": "gated-mish", "dense_act_fn": "swish"`:                      {kernel.SiLU, true},
		`"feed_forward_proj": "gated-gelu_pytorch_tanh"`:                                  {kernel.GELU, true},
		`"feed_forward_proj": "gelu_fast"`:                                                {kernel.GELU, false},
		`"feed_forward_proj": "gated-gelu_python"`:                                        {kernel.GELUErf, true},
		`"dense_act_fn": "relu"`:                                                          {kernel.ReLU, false},
	} {
		c, err := ParseConfig([]byte("{" + keys + "}"))
		if err != nil {
			t.Errorf("%s: %v", keys, err)
			continue
		}
		raw, err := c.JSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseConfig(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []Config{c, again} {
			if f, gated, err := c.Activation(); f != want.f || gated != want.gated || err != nil {
				t.Errorf("%s: got %v, %v, %v in %q, want %v", keys, f, gated, err, c.FeedForwardProj, want)
			}
		}
	}
}

func TestParseConfigRefuses(t *testing.T) {
	for keys, want := range map[string]string{
		`"dense_act_fn": "mish"`:                `dense_act_fn "mish" is not supported`,
		`"dense_act_fn": null`:                  "dense_act_fn is null",
		`"feed_forward_proj": "gated-gelu-new"`: `"gated-gelu-new" is not supported`,
		`"feed_forward_proj": "gated"`:          `"gated" is not supported`,
		`"d_model": null`:                       "d_model is null: want a value, or no such key",
		`"hidden_size": null`:                   "hidden_size is null",
		`"d_ff": 32.0`:                          "d_ff is 32.0: want an integer",
		`"pad_token_id": null`:                  "pad_token_id is null",
		`"decoder_start_token_id": [0]`:         "decoder_start_token_id is [0]: want an integer",
		`"eos_token_id": []`: "eos_token_id is []: want a token id " +
			"or a list of them",
		`"eos_token_id": [1, 99999]`:                             "eos_token_id is 99999",
		`"eos_token_id": -1`:                                     "eos_token_id is -1",
		`"is_encoder_decoder": false`:                            "is_encoder_decoder is false, which is not supported",
		`"quantization_config": {"quant_method": "gptq"}`:        "quantization_config is",
		`"per_layer_config": {"0": {"layer_norm_epsilon": 0.5}}`: "per_layer_config is",
	} {
		if _, err := ParseConfig([]byte("{" + keys + "}")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", keys, err, want)
		}
	}
}

func TestLoadOfEmbeddingsStoredTwice(t *testing.T) {
	m := tiny(t, "relu", false)
	for _, name := range aliases {
		src := sourceOf(m)
		src[name] = src["shared.weight"]
		if _, err := Load(m.Config, src); err != nil {
			t.Errorf("%s equal: %v", name, err)
		}
		other := src[name]
		other.values = append([]float32{9}, other.values[1:]...)
		src[name] = other
		if _, err := Load(m.Config, src); err == nil || !strings.Contains(err.Error(),
			name+" differs from shared.weight") {
			t.Errorf("%s of its own: error %v", name, err)
		}
	}
	src := sourceOf(m)
	delete(src, "lm_head.weight") // as transformers 5 stores what it has tied
	if got, err := Load(m.Config, src); err != nil || got.LMHead != got.Shared || got.Config.ScaleDecoderOutputs {
		t.Errorf("without a head: %v, want the embedding in its place, unscaled", err)
	}
}

// The encoder is the same from a whole model and from what transformers stores of a T5EncoderModel.
func TestLoadEncoder(t *testing.T) {
	whole := tiny(t, "gated-gelu", false)
	alone := sourceOf(whole)
	for name := range alone {
		if strings.HasPrefix(name, "decoder.") || name == "lm_head.weight" {
			delete(alone, name)
		}
	}
	if !IsEncoder(alone) || IsEncoder(sourceOf(whole)) || IsEncoder(nil) {
		t.Error("IsEncoder does not tell an encoder from a model")
	}
	for _, src := range []memorySource{sourceOf(whole), alone} {
		m, err := LoadEncoder(whole.Config, src)
		if err != nil {
			t.Fatal(err)
		}
		if m.LMHead != nil || m.Decoder.Block != nil {
			t.Error("the encoder has a decoder")
		}
		for i, p := range m.Params {
			if w := whole.Params[i]; p.Name != w.Name || !slices.Equal(p.Value, w.Value) {
				t.Errorf("parameter %d is %s, or has other values than %s", i, p.Name, w.Name)
			}
		}
		if err := CheckEncoder(whole.Config, src); err != nil {
			t.Error(err)
		}
	}
	alone["more"] = memoryTensor{shape: []int{1}}
	delete(alone, "encoder.final_layer_norm.weight")
	for _, want := range []string{"more is unknown", "encoder.final_layer_norm.weight is missing"} {
		if err := CheckEncoder(whole.Config, alone); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := LoadEncoder(whole.Config, nil); err == nil {
		t.Error("an encoder was loaded from nothing")
	}
}

func TestParseEncoderConfig(t *testing.T) {
	const config = `{"is_encoder_decoder": false, "num_decoder_layers": 0, "num_layers": 3, "d_model": 5}`
	if c, err := ParseEncoderConfig([]byte(config)); err != nil || c.NumLayers != 3 || c.DModel != 5 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := ParseConfig([]byte(config)); err == nil || !strings.Contains(err.Error(), "embed texts with it") {
		t.Errorf("a whole model: error %v", err)
	}
}

func TestLoadOfOtherKinds(t *testing.T) {
	for name, c := range map[string]struct {
		change func(src memorySource)
		want   string
	}{
		"encoder": {func(src memorySource) {
			for name := range src {
				if strings.HasPrefix(name, "decoder.") {
					delete(src, name)
				}
			}
		}, "an encoder alone (T5EncoderModel)"},
		"classes": {func(src memorySource) { src["classification_head.dense.weight"] = memoryTensor{shape: []int{1}} },
			"T5ForSequenceClassification"},
		"tokens": {func(src memorySource) { src["classifier.weight"] = memoryTensor{shape: []int{1}} },
			"T5ForTokenClassification"},
		"spans": {func(src memorySource) { src["qa_outputs.weight"] = memoryTensor{shape: []int{1}} },
			"T5ForQuestionAnswering"},
		"LoRA": {func(src memorySource) {
			src["encoder.block.0.layer.0.SelfAttention.q.lora_A.weight"] = memoryTensor{shape: []int{1}}
		}, "merge_and_unload()"},
	} {
		m := tiny(t, "relu", true)
		src := sourceOf(m)
		c.change(src)
		for _, err := range []error{Check(m.Config, src),
			func() error { _, err := Load(m.Config, src); return err }()} {
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "copy both") {
				t.Errorf("%s: error %v, want %q", name, err, c.want)
			}
		}
	}
}
