package convert

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"t5train/checkpoints"
	"t5train/checkpoints/builtin"
	"t5train/checkpoints/gguf"
	"t5train/checkpoints/hub"
	"t5train/data/tokenizer"
	"t5train/internal/bounded"
	"t5train/internal/ui"
)

// metadata returns the keys of a file for llama.cpp, in a fixed order. path is what the user calls the checkpoint.
func (f *ggufFile) metadata(path string, fileType uint32) ([]gguf.KV, error) {
	c, card := f.parsed, readCard(f.dir)
	length, err := f.contextLength()
	if err != nil {
		return nil, err
	}
	keys := append([]gguf.KV{
		{Key: "general.architecture", Value: "t5"},
		{Key: "general.type", Value: "model"},
		{Key: "general.name", Value: cmp.Or(card.Name, nameOf(path))},
	}, card.keys()...)
	keys = append(keys, []gguf.KV{
		{Key: "general.alignment", Value: uint32(gguf.Alignment)},
		{Key: "general.file_type", Value: fileType},
		{Key: "general.quantization_version", Value: uint32(2)}, // of ggml's blocks
		{Key: "t5.context_length", Value: length},
		{Key: "t5.embedding_length", Value: uint32(c.DModel)},
		{Key: "t5.feed_forward_length", Value: uint32(c.DFF)},
		{Key: "t5.block_count", Value: uint32(max(c.NumLayers, c.NumDecoderLayers))}, // see deepen
		{Key: "t5.decoder_block_count", Value: uint32(c.NumDecoderLayers)},
		{Key: "t5.attention.head_count", Value: uint32(c.NumHeads)},
		{Key: "t5.attention.key_length", Value: uint32(c.DKV)},
		{Key: "t5.attention.value_length", Value: uint32(c.DKV)},
		{Key: "t5.attention.layer_norm_epsilon", Value: float32(c.LayerNormEpsilon)},
		{Key: "t5.attention.layer_norm_rms_epsilon", Value: float32(c.LayerNormEpsilon)},
		{Key: "t5.attention.relative_buckets_count", Value: uint32(c.RelativeAttentionNumBuckets)},
		{Key: "t5.decoder_start_token_id", Value: uint32(c.DecoderStartTokenID)},
		{Key: "t5.vocab_size", Value: uint32(c.VocabSize)},
	}...)
	// What llama.cpp has no key for, and what has changed because of that.
	keys = append(keys, []gguf.KV{
		{Key: "t5train.model_type", Value: c.ModelType},
		{Key: "t5train.encoder_block_count", Value: uint32(c.NumLayers)},
		{Key: "t5train.logit_scale", Value: c.LogitScale()}, // which the final norm of the decoder has taken in
	}...)
	vocabulary, err := f.vocabulary()
	return append(keys, vocabulary...), err
}

// nameOf returns the name of a model: the last part of what the user calls it.
func nameOf(path string) string {
	if builtin.IsName(path) {
		return path[strings.LastIndexByte(path, ':')+1:]
	}
	if n, ok := hub.ParseName(path); ok {
		path = n.Model
	}
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	return strings.ToValidUTF8(filepath.Base(path), "\uFFFD")
}

// contextLength is the tokens that llama.cpp makes room for when it is not told another number. T5's positions are
// relative and know no end: it is what the model was trained on, as far as the checkpoint tells, or T5's 512.
func (f *ggufFile) contextLength() (uint32, error) {
	var config struct {
		Positions int `json:"n_positions"`
	}
	_ = json.Unmarshal(f.config, &config) // of another type it says nothing
	info, err := checkpoints.ReadInfo(f.dir)
	length := max(config.Positions, info.MaxInputLength, info.MaxTargetLength)
	if length <= 0 || length > math.MaxInt32 {
		length = 512
	}
	return uint32(length), err
}

// vocabulary returns the keys of the tokenizer. Rows behind its last token get names as in llama.cpp's converter. A
// checkpoint without a tokenizer has one of ids only.
func (f *ggufFile) vocabulary() ([]gguf.KV, error) {
	t := f.tokenizer
	if f.transfer != nil {
		t = f.transfer.to
	}
	switch {
	case t != nil:
	case !errors.Is(f.tokenizerErr, tokenizer.ErrNone):
		return nil, f.tokenizerErr
	default:
		f.notes = append(f.notes, note{ui.Warning, "there is no tokenizer, so the file has none: llama.cpp takes and " +
			"gives ids"})
		return []gguf.KV{{Key: "tokenizer.ggml.model", Value: "no_vocab"}}, nil
	}
	u, err := t.Unigram()
	if err != nil {
		return nil, fmt.Errorf("llama.cpp cannot run it: %w: run the checkpoint with t5train or transformers", err)
	}
	if len(u.Lost) > 0 {
		f.notes = append(f.notes, note{ui.Warning, "llama.cpp gives some texts other ids: " +
			strings.Join(u.Lost, "; ")})
	}
	c := f.parsed
	if len(c.EOSTokenIDs) > 1 {
		f.notes = append(f.notes, note{"note", fmt.Sprintf("of the tokens %v that end an answer, llama.cpp gets %d",
			c.EOSTokenIDs, t.EOS())})
	}
	keys := []gguf.KV{
		{Key: "tokenizer.ggml.model", Value: "t5"},
		{Key: "tokenizer.ggml.pre", Value: "default"},
	}
	keys = append(keys, entries(u, c.VocabSize)...)
	keys = append(keys,
		gguf.KV{Key: "tokenizer.ggml.add_space_prefix", Value: u.DummyPrefix},
		gguf.KV{Key: "tokenizer.ggml.remove_extra_whitespaces", Value: u.Squeeze})
	if len(u.Charsmap) > 0 {
		keys = append(keys, gguf.KV{Key: "tokenizer.ggml.precompiled_charsmap", Value: u.Charsmap})
	}
	return append(keys,
		gguf.KV{Key: "tokenizer.ggml.eos_token_id", Value: uint32(t.EOS())},
		gguf.KV{Key: "tokenizer.ggml.unknown_token_id", Value: uint32(t.Unk())},
		gguf.KV{Key: "tokenizer.ggml.padding_token_id", Value: uint32(c.PadTokenID)},
		gguf.KV{Key: "tokenizer.ggml.add_bos_token", Value: false},
		gguf.KV{Key: "tokenizer.ggml.add_eos_token", Value: true}), nil
}

// entries returns the lists of tokens, one for each row of the embedding. llama.cpp wants no text twice.
func entries(u tokenizer.Unigram, rows int) []gguf.KV {
	const unused, worst = 5, -10000
	texts, scores, types := make([]string, rows), make([]float32, rows), make([]int32, rows)
	seen := make(map[string]bool, rows)
	for i, e := range u.Entries {
		texts[i], scores[i], types[i] = e.Text, e.Score, e.Type
		seen[e.Text] = true
	}
	for i := len(u.Entries); i < rows; i++ {
		text := fmt.Sprintf("[PAD%d]", i)
		for seen[text] {
			text += "_"
		}
		seen[text] = true
		texts[i], scores[i], types[i] = text, worst, unused
	}
	return []gguf.KV{
		{Key: "tokenizer.ggml.tokens", Value: texts},
		{Key: "tokenizer.ggml.scores", Value: scores},
		{Key: "tokenizer.ggml.token_type", Value: types},
	}
}

// modelCard is what a model card says in YAML that GGUF has keys for.
type modelCard struct {
	Name        string `yaml:"model_name"`
	License     list   `yaml:"license"`
	LicenseName string `yaml:"license_name"`
	LicenseLink string `yaml:"license_link"`
	Languages   list   `yaml:"language"`
	Base        list   `yaml:"base_model"`
	Tags        list   `yaml:"tags"`
}

// list is a text or a list of texts.
type list []string

func (l *list) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*l = list{node.Value}
		return nil
	}
	return node.Decode((*[]string)(l))
}

// readCard reads the model card of a folder. One that is missing or not well-formed says nothing.
func readCard(dir string) (card modelCard) {
	raw, err := bounded.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		return card
	}
	text := strings.ReplaceAll(strings.TrimPrefix(strings.ToValidUTF8(string(raw), ""), "\ufeff"), "\r\n", "\n")
	front, ok := strings.CutPrefix(text, "---\n")
	if front, _, closed := strings.Cut(front, "\n---\n"); ok && closed && len(front) < 1<<20 {
		if yaml.Unmarshal([]byte(front), &card) != nil {
			return modelCard{}
		}
	}
	return card
}

// keys returns what the card says.
func (card modelCard) keys() (keys []gguf.KV) {
	text := func(key, value string) {
		if value != "" {
			keys = append(keys, gguf.KV{Key: key, Value: value})
		}
	}
	texts := func(key string, values list) {
		if len(values) > 0 {
			keys = append(keys, gguf.KV{Key: key, Value: []string(values)})
		}
	}
	text("general.license", strings.Join(card.License, ", "))
	text("general.license.name", card.LicenseName)
	text("general.license.link", card.LicenseLink)
	if len(card.Base) > 0 {
		keys = append(keys, gguf.KV{Key: "general.base_model.count", Value: uint32(len(card.Base))})
	}
	for i, base := range card.Base {
		key := fmt.Sprintf("general.base_model.%d.", i)
		organization, name, onHub := strings.Cut(base, "/")
		if !onHub {
			organization, name = "", base
		}
		text(key+"name", name)
		text(key+"organization", organization)
		if onHub {
			text(key+"repo_url", "https://huggingface.co/"+base)
		}
	}
	texts("general.tags", card.Tags)
	texts("general.languages", card.Languages)
	return keys
}
