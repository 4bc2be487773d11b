package model

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestConfigRoundTrip(t *testing.T) {
	for _, s := range Sizes() {
		raw, err := s.Config.JSON()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseConfig(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, s.Config) {
			t.Errorf("%s: wrote %+v, read %+v", s.Name, s.Config, got)
		}
	}
}

// transformers 5 checks types: a float without a point is an int to it.
func TestConfigWritesFloatsAsFloats(t *testing.T) {
	c := v1_0(8, 4, 8, 1, 2)
	c.DropoutRate = 0
	raw, err := c.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"dropout_rate": 0.0`, `"layer_norm_epsilon": 1e-06`, `"initializer_factor": 1.0`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("no %s in\n%s", want, raw)
		}
	}
}

func TestParseConfig(t *testing.T) {
	const sizes = `"vocab_size": 96, "d_model": 32, "d_kv": 6, "d_ff": 64, "num_layers": 2, "num_heads": 4`
	for name, c := range map[string]struct {
		json       string
		tied       bool
		scaled     bool
		proj       string
		decoder    int
		wantsError string
	}{
		"t5 defaults": {json: `{"model_type": "t5", ` + sizes + `}`, tied: true, scaled: true, proj: "relu",
			decoder: 2},
		"no model type": {json: `{` + sizes + `}`, tied: true, scaled: true, proj: "relu", decoder: 2},
		"mt5 defaults":  {json: `{"model_type": "mt5", ` + sizes + `}`, proj: "gated-gelu", decoder: 2},
		"umt5, tied": {json: `{"model_type": "umt5", "tie_word_embeddings": true, ` + sizes + `}`, tied: true,
			scaled: true, proj: "gated-gelu", decoder: 2},
		"transformers 5": {
			json: `{"model_type": "t5", "tie_word_embeddings": true, "scale_decoder_outputs": false, ` + sizes + `}`,
			tied: true, proj: "relu", decoder: 2,
		},
		"mt5, 4, tied": {
			json: `{"model_type": "mt5", "transformers_version": "4.57.0", "tie_word_embeddings": true, ` + sizes + `}`,
			tied: true, scaled: true, proj: "gated-gelu", decoder: 2,
		},
		"mt5, 5": {
			json: `{"model_type": "mt5", "transformers_version": "5.24.0", "tie_word_embeddings": true, ` + sizes + `}`,
			tied: true, proj: "gated-gelu", decoder: 2,
		},
		"other decoder": {json: `{"num_decoder_layers": 5, ` + sizes + `}`, tied: true, scaled: true, proj: "relu",
			decoder: 5},
		"other architecture": {json: `{"model_type": "bert", ` + sizes + `}`,
			wantsError: `model_type "bert" is not supported`},
		"activation": {json: `{"feed_forward_proj": "tanh", ` + sizes + `}`,
			wantsError: `feed_forward_proj "tanh" is not supported`},
		"wrong type": {json: `{"d_model": "big"}`,
			wantsError: `parse config.json: d_model is "big": want an integer`},
		"no JSON":   {json: `{`, wantsError: "parse config.json"},
		"token ids": {json: `{"eos_token_id": 96, ` + sizes + `}`, wantsError: "eos_token_id is 96"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseConfig([]byte(c.json))
			if c.wantsError != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantsError) {
					t.Fatalf("error %v, want %q", err, c.wantsError)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.TieWordEmbeddings != c.tied || got.ScaleDecoderOutputs != c.scaled || got.FeedForwardProj !=
				c.proj || got.NumDecoderLayers != c.decoder {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func FuzzParseConfig(f *testing.F) {
	for _, s := range Sizes()[:6] {
		raw, err := s.Config.JSON()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, raw := range []string{"", "{}", "[]", `{"model_type": 5}`, `{"vocab_size": 1e99}`, `{"num_layers": -1}`,
		`{"feed_forward_proj": "gated-"}`,
		`{"d_model": 1000000000000, "num_heads": 0}`,
		`{"num_layers": 4096, "num_heads": 65536, "d_kv": 1048576, "d_model": 1048576}`,
		`{"vocab_size": 268435456, "d_model": 1048576}`, `{"eos_token_id": [1, 99999999, -5]}`,
		strings.Repeat(`{"a":[`, 9000), "{\"a\": \xff}"} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := ParseConfig(raw)
		if err != nil {
			return
		}
		// A config that is accepted is one that can be written, and comes back. No weights belong to it.
		again, err := c.JSON()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseConfig(again)
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if c.EOSTokenIDs = nil; !reflect.DeepEqual(got, c) { // one of them is written
			t.Fatalf("wrote %+v, read %+v", c, got)
		}
		if err := Check(c, memorySource{}); err == nil {
			t.Fatal("no tensors are enough")
		}
	})
}

// memorySource is a checkpoint in memory.
type memorySource map[string]memoryTensor

type memoryTensor struct {
	shape    []int
	values   []float32
	integers []int8 // in place of values
}

func (m memorySource) Names() []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	return names
}

func (m memorySource) Release(string) {}

func (m memorySource) Int8(name string) ([]int8, bool) {
	return m[name].integers, m[name].integers != nil
}

func (m memorySource) Shape(name string) ([]int, bool) {
	x, ok := m[name]
	return x.shape, ok
}

func (m memorySource) CopyFloat32(name string, dst []float32) error {
	copy(dst, m[name].values)
	return nil
}

func (m memorySource) Equal(a, b string) (bool, error) {
	return slices.Equal(m[a].values, m[b].values), nil
}

func sourceOf(m *T5) memorySource {
	src := memorySource{}
	for _, p := range m.Params {
		x := src[p.Name]
		x.shape, x.values = p.Shape, p.Value
		src[p.Name] = x
	}
	return src
}

func TestLoadNamesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(src memorySource)
		want   string
	}{
		"missing": {func(src memorySource) { delete(src, "decoder.final_layer_norm.weight") },
			"decoder.final_layer_norm.weight is missing"},
		"shape": {func(src memorySource) {
			x := src["encoder.block.0.layer.0.SelfAttention.q.weight"]
			x.shape = []int{7, 24}
			src["encoder.block.0.layer.0.SelfAttention.q.weight"] = x
		}, "has shape [7 24], want [24 24]"},
		"unknown": {func(src memorySource) {
			src["encoder.block.9.layer.0.layer_norm.weight"] = src["encoder.final_layer_norm.weight"]
		}, "encoder.block.9.layer.0.layer_norm.weight is unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			m := tiny(t, "relu", true)
			src := sourceOf(m)
			c.damage(src)
			if _, err := Load(m.Config, src); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// Check finds what Load finds, without reading an element.
func TestCheck(t *testing.T) {
	m := tiny(t, "relu", true)
	src := sourceOf(m)
	unread := unreadableSource{src}
	if err := Check(m.Config, unread); err != nil {
		t.Error(err)
	}
	src["lm_head.weight"] = src["shared.weight"]
	if err := Check(m.Config, unread); err != nil {
		t.Errorf("with a stored head: %v", err)
	}
	delete(src, "shared.weight")
	if err := Check(m.Config, unread); err != nil {
		t.Errorf("with a head in the place of the embedding: %v", err)
	}
	head := src["lm_head.weight"]
	delete(src, "lm_head.weight")
	if err := Check(m.Config, unread); err == nil || !strings.Contains(err.Error(), "shared.weight is missing") {
		t.Errorf("error %v, want the missing embedding named", err)
	}
	src["lm_head.weight"] = head
	src["decoder.embed_tokens.weight"] = src["lm_head.weight"]
	if err := Check(m.Config, unread); err != nil {
		t.Errorf("the embedding under another name: %v", err)
	}
	src["extra"] = src["lm_head.weight"]
	if err := Check(m.Config, unread); err == nil || !strings.Contains(err.Error(), "extra is unknown") {
		t.Errorf("error %v, want the stray tensor named", err)
	}
}

// The embedding may be stored under any of the names that transformers 5 ties, whatever the config says of tying.
func TestLoadFindsTheEmbedding(t *testing.T) {
	double := func(x memoryTensor) memoryTensor {
		x.values = slices.Clone(x.values)
		for i := range x.values {
			x.values[i] *= 2
		}
		return x
	}
	for name, c := range map[string]struct {
		store func(src memorySource, embedding memoryTensor)
		tied  bool
	}{
		"shared":  {func(src memorySource, e memoryTensor) { src["shared.weight"] = e }, true},
		"encoder": {func(src memorySource, e memoryTensor) { src["encoder.embed_tokens.weight"] = e }, true},
		"decoder": {func(src memorySource, e memoryTensor) { src["decoder.embed_tokens.weight"] = e }, true},
		"head":    {func(src memorySource, e memoryTensor) { src["lm_head.weight"] = e }, true},
		"decoder and head": {func(src memorySource, e memoryTensor) {
			src["decoder.embed_tokens.weight"], src["lm_head.weight"] = e, e
		}, true},
		"encoder and another head": {func(src memorySource, e memoryTensor) {
			src["encoder.embed_tokens.weight"], src["lm_head.weight"] = e, double(e)
		}, false},
	} {
		for _, tie := range []bool{true, false} {
			m := tiny(t, "relu", true)
			src := sourceOf(m)
			embedding := src["shared.weight"]
			delete(src, "shared.weight")
			c.store(src, embedding)
			m.Config.TieWordEmbeddings = tie
			got, err := Load(m.Config, src)
			if err != nil {
				t.Errorf("%s, tied in config.json: %t: %v", name, tie, err)
				continue
			}
			tied := c.tied && (tie || name != "decoder and head") // equal copies: the config's word
			if !slices.Equal(got.Shared.Value, embedding.values) || got.Config.TieWordEmbeddings != tied ||
				(got.LMHead == got.Shared) != tied {
				t.Errorf("%s, tied in config.json: %t: the embedding is another one, or it is tied: %t", name, tie,
					got.Config.TieWordEmbeddings)
			}
			if got.Config.ScaleDecoderOutputs != m.Config.ScaleDecoderOutputs {
				t.Errorf("%s: the config's word about scaling is lost", name)
			}
		}
	}
}

// Each of these would ask for gigabytes.
func TestLoadRefusesBeforeItAllocates(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"width":   func(c *Config) { c.DFF = 1 << 24 },
		"layers":  func(c *Config) { c.NumLayers = 1 << 12 },
		"buckets": func(c *Config) { c.RelativeAttentionNumBuckets, c.RelativeAttentionMaxDistance = 1<<20, 1<<20 },
	} {
		t.Run(name, func(t *testing.T) {
			m := tiny(t, "relu", true)
			c := m.Config
			change(&c)
			if _, err := Load(c, sourceOf(m)); err == nil || !strings.Contains(err.Error(), "but the weights hold") {
				t.Errorf("error %v, want it refused for its size", err)
			}
		})
	}
}

// unreadableSource holds tensors of a type that cannot be converted.
type unreadableSource struct{ memorySource }

func (unreadableSource) CopyFloat32(name string, _ []float32) error {
	return fmt.Errorf("read tensor %q: it holds I8", name)
}

func TestLoadNamesTheTypeItCannotRead(t *testing.T) {
	m := tiny(t, "relu", true)
	_, err := Load(m.Config, unreadableSource{sourceOf(m)})
	if err == nil || !strings.Contains(err.Error(), "it holds I8") || strings.Contains(err.Error(),
		"different models") {
		t.Errorf("error %v, want the type of the tensor and nothing about another model", err)
	}
}

// What is stored decides about tying, whatever config.json says.
func TestLoadTrustsTheStoredHead(t *testing.T) {
	m := tiny(t, "relu", true)
	src := sourceOf(m)
	same := src["shared.weight"]
	src["lm_head.weight"] = same
	got, err := Load(m.Config, src)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Config.TieWordEmbeddings || got.LMHead != got.Shared || !got.Config.ScaleDecoderOutputs {
		t.Error("a stored copy of the embedding is not tied")
	}
	other := same
	other.values = append([]float32(nil), same.values...)
	other.values[5]++
	src["lm_head.weight"] = other
	if got, err = Load(m.Config, src); err != nil {
		t.Fatal(err)
	}
	if got.Config.TieWordEmbeddings || got.LMHead == got.Shared || !got.Config.ScaleDecoderOutputs {
		t.Error("a head of its own is tied, or not scaled as the config says")
	}
}

// No size is computed of numbers that overflow, and no message repeats all that a file holds.
func TestParseConfig_Absurd(t *testing.T) {
	for _, c := range [][2]string{
		{`{"d_model": 1000000000000}`, "d_model is 1000000000000: want 1 to"},
		{`{"d_model": 1e12}`, "d_model is 1e12: want an integer"},
		{`{"d_model": ` + strings.Repeat("9", 100_000) + `}`, "d_model is 9999"},
		{`{"num_layers": 1000000000}`, "num_layers is 1000000000"},
		{`{"num_decoder_layers": 1000000000}`, "num_decoder_layers is 1000000000"},
		{`{"vocab_size": -1}`, "vocab_size is -1"},
		{`{"num_heads": 0}`, "num_heads is 0"},
		{`{"num_heads": 65536, "d_kv": 1048576, "d_model": 1048576, "num_layers": 4096}`,
			"num_heads is 65536 and d_kv 1048576"},
		{`{"d_ff": 16777216, "d_model": 1048576, "num_layers": 4096}`,
			"num_layers 4096 and num_decoder_layers 4096 make 28825"},
		{`{"vocab_size": 268435456, "d_model": 1048576}`, "vocab_size 268435456, d_model 1048576"},
		{`{"relative_attention_num_buckets": 1048577, "relative_attention_max_distance": 2147483648}`,
			"relative_attention_num_buckets is 1048577"},
		{`{"eos_token_id": [1` + strings.Repeat(",99999999", 10_000) + `]}`, "eos_token_id is 99999999"},
		{`{"model_type": "` + strings.Repeat("t", 100_000) + `"}`, "model_type "},
		{`{"feed_forward_proj": "` + strings.Repeat("t", 100_000) + `"}`, "feed_forward_proj "},
		{`{"dense_act_fn": "` + strings.Repeat("t", 100_000) + `"}`, "dense_act_fn "},
		{`{"d_model": ` + strings.Repeat("[", 100_000) + `}`, "exceeded max depth"},
		{strings.Repeat(`{"a":`, 100_000), "exceeded max depth"},
	} {
		_, err := ParseConfig([]byte(c[0]))
		if err == nil || !strings.Contains(err.Error(), c[1]) || !strings.Contains(err.Error(), "config.json") {
			t.Errorf("%.60s: got error %.300v, want one with %q", c[0], err, c[1])
		} else if n := len(err.Error()); n > 1000 {
			t.Errorf("%.60s: the error has %d bytes", c[0], n)
		}
	}
}
