package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"t5train/model/kernel"
)

// Config is the architecture of a T5 model; the fields and their names are those of config.json.
type Config struct {
	ModelType string `json:"model_type"` // t5, mt5 or umt5
	// rows of the embedding; T5: 32,100 tokens padded to 32,128
	VocabSize                    int     `json:"vocab_size"`
	DModel                       int     `json:"d_model"`
	DKV                          int     `json:"d_kv"` // width of a head; heads*d_kv may differ from d_model
	DFF                          int     `json:"d_ff"`
	NumLayers                    int     `json:"num_layers"` // of the encoder
	NumDecoderLayers             int     `json:"num_decoder_layers"`
	NumHeads                     int     `json:"num_heads"`
	RelativeAttentionNumBuckets  int     `json:"relative_attention_num_buckets"`
	RelativeAttentionMaxDistance int     `json:"relative_attention_max_distance"`
	DropoutRate                  float64 `json:"dropout_rate"`
	LayerNormEpsilon             float64 `json:"layer_norm_epsilon"`
	FeedForwardProj              string  `json:"feed_forward_proj"` // relu, gelu, gated-gelu, gated-silu, ...
	TieWordEmbeddings            bool    `json:"tie_word_embeddings"`
	ScaleDecoderOutputs          bool    `json:"scale_decoder_outputs"` // multiply by d_model^-0.5 before lm_head
	PadTokenID                   int     `json:"pad_token_id"`
	EOSTokenID                   int     `json:"eos_token_id"`
	DecoderStartTokenID          int     `json:"decoder_start_token_id"`

	EOSTokenIDs []int `json:"-"` // all of them where config.json lists several; EOSTokenID is the first
}

// JSON returns the config.json that transformers opens.
func (c Config) JSON() ([]byte, error) {
	architecture := map[string]string{"t5": "T5ForConditionalGeneration", "mt5": "MT5ForConditionalGeneration",
		"umt5": "UMT5ForConditionalGeneration"}[c.ModelType]
	activation, gated, err := c.Activation()
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(struct {
		Architectures []string `json:"architectures"`
		Config
		DropoutRate       decimal `json:"dropout_rate"` // these two take the place of Config's
		LayerNormEpsilon  decimal `json:"layer_norm_epsilon"`
		DenseActFn        string  `json:"dense_act_fn"`
		IsGatedAct        bool    `json:"is_gated_act"`
		IsEncoderDecoder  bool    `json:"is_encoder_decoder"`
		InitializerFactor decimal `json:"initializer_factor"`
		TorchDtype        string  `json:"torch_dtype"`
		UseCache          bool    `json:"use_cache"`
	}{
		[]string{architecture}, c, decimal(c.DropoutRate), decimal(c.LayerNormEpsilon),
		activation.String(), gated, true, 1, "float32", true,
	}, "", "  ")
}

// decimal is a number that is written with a point or an exponent: transformers 5 refuses 1 where it wants 1.0.
type decimal float64

func (d decimal) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(d), 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return []byte(text), nil
}

// maxParameters is some hundred times the largest T5, and small enough that all that is computed of it fits 63 bits.
const maxParameters = 1 << 40

// Validate reports every value that no model can have.
func (c Config) Validate() error {
	var errs []error
	if !slices.Contains([]string{"t5", "mt5", "umt5"}, c.ModelType) {
		errs = append(errs, fmt.Errorf("model_type %.40q is not supported: want t5, mt5 or umt5", c.ModelType))
	}
	// These bounds are far beyond any model; they keep a damaged file from asking for all memory.
	for _, f := range []struct {
		name               string
		value, least, most int
	}{
		{"vocab_size", c.VocabSize, 2, 1 << 28}, {"d_model", c.DModel, 1, 1 << 20}, {"d_kv", c.DKV, 1, 1 << 20},
		{"d_ff", c.DFF, 1, 1 << 24},
		{"num_layers", c.NumLayers, 1, 1 << 12}, {"num_decoder_layers", c.NumDecoderLayers, 1, 1 << 12},
		{"num_heads", c.NumHeads, 1, 1 << 16},
		{"relative_attention_num_buckets", c.RelativeAttentionNumBuckets, 4, 1 << 20},
		{"relative_attention_max_distance", c.RelativeAttentionMaxDistance, 1, math.MaxInt32},
	} {
		if f.value < f.least || f.value > f.most {
			errs = append(errs, fmt.Errorf("%s is %d: want %d to %d", f.name, f.value, f.least, f.most))
		}
	}
	if errs == nil { // else the products may overflow
		if inner := c.NumHeads * c.DKV; inner > 1<<24 {
			errs = append(errs, fmt.Errorf("num_heads is %d and d_kv %d: want a product of at most %d", c.NumHeads,
				c.DKV, 1<<24))
		} else if n := c.Parameters(); n > maxParameters {
			errs = append(errs, fmt.Errorf("vocab_size %d, d_model %d, d_ff %d, num_layers %d and num_decoder_layers "+
				"%d make %d parameters: want at most "+
				"%d", c.VocabSize, c.DModel, c.DFF, c.NumLayers, c.NumDecoderLayers, n,
				int64(maxParameters)))
		}
	}
	checkToken := func(name string, id int) (ok bool) {
		if ok = id >= 0 && id < c.VocabSize; !ok {
			errs = append(errs, fmt.Errorf("%s is %d: want 0 to %d, less than vocab_size", name, id, c.VocabSize-1))
		}
		return ok
	}
	checkToken("pad_token_id", c.PadTokenID)
	checkToken("eos_token_id", c.EOSTokenID)
	checkToken("decoder_start_token_id", c.DecoderStartTokenID)
	for _, id := range c.EOSTokenIDs {
		if !checkToken("eos_token_id", id) {
			break // one of a long list says enough
		}
	}
	if c.RelativeAttentionMaxDistance <= c.RelativeAttentionNumBuckets/2 {
		errs = append(errs, fmt.Errorf("relative_attention_max_distance is %d: want more than half of "+
			"relative_attention_num_buckets %d",
			c.RelativeAttentionMaxDistance, c.RelativeAttentionNumBuckets))
	}
	if !(c.DropoutRate >= 0 && c.DropoutRate < 1) {
		errs = append(errs, fmt.Errorf("dropout_rate is %g: want 0 <= rate < 1", c.DropoutRate))
	}
	if !(c.LayerNormEpsilon >= 0 && c.LayerNormEpsilon < 1) {
		errs = append(errs, fmt.Errorf("layer_norm_epsilon is %g: want a small number such as 1e-6",
			c.LayerNormEpsilon))
	}
	if _, _, err := c.Activation(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Activation returns the non-linearity of the feed-forward layers, and whether it is gated. As in transformers,
// "gelu" is the exact form while "gated-gelu" is the tanh form that T5 1.1 was trained with.
func (c Config) Activation() (f kernel.Activation, gated bool, err error) {
	name, gated := strings.CutPrefix(c.FeedForwardProj, "gated-")
	if c.FeedForwardProj == "gated-gelu" {
		name = "gelu_new"
	}
	f, ok := activations[name]
	if !ok {
		return 0, false, fmt.Errorf("feed_forward_proj %.40q is not supported: want %s, alone or after gated-",
			c.FeedForwardProj, knownActivations)
	}
	return f, gated, nil
}

// activations are those of transformers' ACT2FN that the kernels compute, by each name that it has for them.
var activations = map[string]kernel.Activation{
	"relu": kernel.ReLU,
	"gelu": kernel.GELUErf, "gelu_python": kernel.GELUErf,
	"gelu_new": kernel.GELU, "gelu_fast": kernel.GELU, "gelu_accurate": kernel.GELU, "gelu_pytorch_tanh": kernel.GELU,
	"gelu_python_tanh": kernel.GELU,
	"silu":             kernel.SiLU, "swish": kernel.SiLU,
}

const knownActivations = "relu, gelu, gelu_new or silu"

// LogitScale is the factor of the decoder output before lm_head.
func (c Config) LogitScale() float32 {
	if c.ScaleDecoderOutputs {
		return float32(1 / math.Sqrt(float64(c.DModel)))
	}
	return 1
}
