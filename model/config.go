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
	ModelType                    string  `json:"model_type"` // t5, mt5 or umt5
	VocabSize                    int     `json:"vocab_size"` // rows of the embedding; T5: 32,100 tokens padded to 32,128
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

	scaleGiven bool // config.json has scale_decoder_outputs
}

// ParseConfig reads a config.json as written by transformers 4 and 5 or by t5train. Unknown keys are ignored, as
// the format demands; a missing size is an error, other missing values are those of transformers.
//
// Where scale_decoder_outputs is absent it follows tie_word_embeddings, except in an mT5 of transformers 5, which never
// scales; Load corrects both when the stored tensors say otherwise.
func ParseConfig(raw []byte) (Config, error) {
	// The defaults of transformers' T5Config. MT5Config and UMT5Config differ in two.
	c := Config{
		ModelType: "t5", RelativeAttentionNumBuckets: 32, RelativeAttentionMaxDistance: 128,
		DropoutRate: 0.1, LayerNormEpsilon: 1e-6, FeedForwardProj: "relu", TieWordEmbeddings: true, EOSTokenID: 1,
	}
	var kind struct {
		ModelType string `json:"model_type"`
		Scale     *bool  `json:"scale_decoder_outputs"`
		Decoder   *int   `json:"num_decoder_layers"`
		Version   string `json:"transformers_version"`
	}
	if err := json.Unmarshal(raw, &kind); err != nil {
		return Config{}, fmt.Errorf("parse config.json: %w", err)
	}
	if kind.ModelType == "mt5" || kind.ModelType == "umt5" {
		c.FeedForwardProj, c.TieWordEmbeddings = "gated-gelu", false
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return Config{}, fmt.Errorf("parse config.json: %w", err)
	}
	if kind.Decoder == nil {
		c.NumDecoderLayers = c.NumLayers
	}
	if c.scaleGiven = kind.Scale != nil; !c.scaleGiven {
		// transformers 5 ties mT5's embeddings as version 4 does, but has no factor there.
		unscaled := kind.ModelType == "mt5" && strings.HasPrefix(kind.Version, "5.")
		c.ScaleDecoderOutputs = c.TieWordEmbeddings && !unscaled
	}
	if err := c.Validate(); err != nil {
		return Config{}, fmt.Errorf("parse config.json: %w", err)
	}
	return c, nil
}

// JSON returns the config.json that transformers opens.
func (c Config) JSON() ([]byte, error) {
	architecture := map[string]string{"t5": "T5ForConditionalGeneration", "mt5": "MT5ForConditionalGeneration", "umt5": "UMT5ForConditionalGeneration"}[c.ModelType]
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

// Validate reports every value that no model can have.
func (c Config) Validate() error {
	var errs []error
	if !slices.Contains([]string{"t5", "mt5", "umt5"}, c.ModelType) {
		errs = append(errs, fmt.Errorf("model_type %q is not supported: want t5, mt5 or umt5", c.ModelType))
	}
	// These bounds are far beyond any model; they keep a damaged file from asking for all memory.
	for _, f := range []struct {
		name               string
		value, least, most int
	}{
		{"vocab_size", c.VocabSize, 2, 1 << 28}, {"d_model", c.DModel, 1, 1 << 20}, {"d_kv", c.DKV, 1, 1 << 20}, {"d_ff", c.DFF, 1, 1 << 24},
		{"num_layers", c.NumLayers, 1, 1 << 12}, {"num_decoder_layers", c.NumDecoderLayers, 1, 1 << 12}, {"num_heads", c.NumHeads, 1, 1 << 16},
		{"relative_attention_num_buckets", c.RelativeAttentionNumBuckets, 4, 1 << 20},
		{"relative_attention_max_distance", c.RelativeAttentionMaxDistance, 1, math.MaxInt32},
		{"pad_token_id", c.PadTokenID, 0, 1 << 28}, {"eos_token_id", c.EOSTokenID, 0, 1 << 28}, {"decoder_start_token_id", c.DecoderStartTokenID, 0, 1 << 28},
	} {
		if f.value < f.least || f.value > f.most {
			errs = append(errs, fmt.Errorf("%s is %d: want %d to %d", f.name, f.value, f.least, f.most))
		}
	}
	for _, f := range []struct {
		name  string
		value int
	}{{"pad_token_id", c.PadTokenID}, {"eos_token_id", c.EOSTokenID}, {"decoder_start_token_id", c.DecoderStartTokenID}} {
		if f.value >= c.VocabSize {
			errs = append(errs, fmt.Errorf("%s is %d: want less than vocab_size %d", f.name, f.value, c.VocabSize))
		}
	}
	if c.RelativeAttentionMaxDistance <= c.RelativeAttentionNumBuckets/2 {
		errs = append(errs, fmt.Errorf("relative_attention_max_distance is %d: want more than half of relative_attention_num_buckets %d",
			c.RelativeAttentionMaxDistance, c.RelativeAttentionNumBuckets))
	}
	if !(c.DropoutRate >= 0 && c.DropoutRate < 1) {
		errs = append(errs, fmt.Errorf("dropout_rate is %g: want 0 <= rate < 1", c.DropoutRate))
	}
	if !(c.LayerNormEpsilon >= 0 && c.LayerNormEpsilon < 1) {
		errs = append(errs, fmt.Errorf("layer_norm_epsilon is %g: want a small number such as 1e-6", c.LayerNormEpsilon))
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
	switch name {
	case "relu":
		f = kernel.ReLU
	case "gelu_new":
		f = kernel.GELU
	case "gelu":
		f = kernel.GELUErf
		if gated {
			f = kernel.GELU
		}
	case "silu", "swish":
		f = kernel.SiLU
	default:
		return 0, false, fmt.Errorf("feed_forward_proj %q is not supported: want relu, gelu, gelu_new or silu, alone or after gated-", c.FeedForwardProj)
	}
	return f, gated, nil
}

// LogitScale is the factor of the decoder output before lm_head.
func (c Config) LogitScale() float32 {
	if c.ScaleDecoderOutputs {
		return float32(1 / math.Sqrt(float64(c.DModel)))
	}
	return 1
}
