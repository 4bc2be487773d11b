package hf

import (
	"bytes"
	"encoding/json"
	"fmt"

	"t5train/data/tokenizer/internal/spiece"
)

// Tokenizer is the content of a tokenizer.json that is written; [Vocabulary] is what is read of one.
type Tokenizer struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"` // null: none
	Padding       json.RawMessage `json:"padding"`    // null: none
	AddedTokens   []Token         `json:"added_tokens"`
	Normalizer    *Component      `json:"normalizer"` // nil: a model without rules
	PreTokenizer  Component       `json:"pre_tokenizer"`
	PostProcessor Template        `json:"post_processor"`
	Decoder       Component       `json:"decoder"`
	Model         any             `json:"model"` // Unigram or BPE
}

// Vocabulary is the part of a tokenizer.json that decides about ids and text. What it says about truncation, padding
// and the end-of-sequence token is the caller's business, as with a SentencePiece model.
type Vocabulary struct {
	AddedTokens  []Token    `json:"added_tokens"`
	Normalizer   *Component `json:"normalizer"`
	PreTokenizer *Component `json:"pre_tokenizer"`
	Decoder      *Component `json:"decoder"`
	Model        struct {
		Type         string          `json:"type"`
		UnkID        *int            `json:"unk_id"`
		Vocab        json.RawMessage `json:"vocab"` // []VocabPiece of a Unigram model
		ByteFallback bool            `json:"byte_fallback"`
	} `json:"model"`
}

// Token is an added token: it is recognised in text as it stands, before the rest is normalised.
type Token struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// Precompiled is the type of the normalizer that applies a SentencePiece model's rules.
const Precompiled = "Precompiled"

// Component is a normalizer, pre-tokenizer or decoder: a type and what some type has.
type Component struct {
	Type       string  `json:"type"`
	Charsmap   []byte  `json:"precompiled_charsmap,omitempty"` // base64 in JSON
	StripLeft  bool    `json:"strip_left,omitempty"`
	StripRight bool    `json:"strip_right,omitempty"`
	Pattern    Pattern `json:"pattern,omitzero"`
	Content    string  `json:"content,omitempty"`

	Replacement    string  `json:"replacement,omitempty"`
	PrependScheme  Prepend `json:"prepend_scheme,omitempty"`
	AddPrefixSpace *bool   `json:"add_prefix_space,omitempty"` // before tokenizers 0.15
	Split          *bool   `json:"split,omitempty"`

	Normalizers   []Component `json:"normalizers,omitempty"`
	PreTokenizers []Component `json:"pretokenizers,omitempty"`
	Decoders      []Component `json:"decoders,omitempty"`
}

// Pattern is what Replace looks for: one of both.
type Pattern struct {
	Regex  string `json:"Regex,omitempty"`
	String string `json:"String,omitempty"`
}

// Prepend says where Metaspace puts a ▁ in front, unless one is there.
type Prepend string

const (
	PrependAlways Prepend = "always" // of every stretch
	PrependFirst  Prepend = "first"  // of the text
	PrependNever  Prepend = "never"
)

// Steps lists the components of a Sequence, or the one that is there.
func (c *Component) Steps() []Component {
	switch {
	case c == nil:
		return nil
	case c.Type != "Sequence":
		return []Component{*c}
	}
	var all []Component
	for _, list := range [][]Component{c.Normalizers, c.PreTokenizers, c.Decoders} {
		for i := range list {
			all = append(all, list[i].Steps()...)
		}
	}
	return all
}

// Scheme returns when Metaspace prepends; the default is always.
func (c Component) Scheme() Prepend {
	switch {
	case c.PrependScheme != "":
		return c.PrependScheme
	case c.AddPrefixSpace != nil && !*c.AddPrefixSpace:
		return PrependNever
	}
	return PrependAlways
}

// Template is what a sequence, or a pair of them, gets beside its own tokens.
type Template struct {
	Type          string             `json:"type"`
	Single        []slot             `json:"single"`
	Pair          []slot             `json:"pair"`
	SpecialTokens map[string]special `json:"special_tokens"`
}

// slot is a sequence or a special token: exactly one is set.
type slot struct {
	Sequence *slotRef `json:"Sequence,omitempty"`
	Special  *slotRef `json:"SpecialToken,omitempty"`
}

type slotRef struct {
	ID     string `json:"id"`
	TypeID int    `json:"type_id"`
}

type special struct {
	ID     string   `json:"id"`
	IDs    []int32  `json:"ids"`
	Tokens []string `json:"tokens"`
}

// EndWith returns the template that puts an end-of-sequence token behind each sequence.
func EndWith(text string, id int32) Template {
	a, b := slot{Sequence: &slotRef{ID: "A"}}, slot{Sequence: &slotRef{ID: "B"}}
	end := slot{Special: &slotRef{ID: text}}
	return Template{
		Type: "TemplateProcessing", Single: []slot{a, end}, Pair: []slot{a, end, b, end},
		SpecialTokens: map[string]special{text: {text, []int32{id}, []string{text}}},
	}
}

// Unigram is a model of that type.
type Unigram struct {
	Type         string       `json:"type"`
	UnkID        int32        `json:"unk_id"`
	Vocab        []VocabPiece `json:"vocab"`
	ByteFallback bool         `json:"byte_fallback"`
}

// VocabPiece is the pair [text, score].
type VocabPiece spiece.Piece

func (p VocabPiece) MarshalJSON() ([]byte, error) {
	text, err := Marshal(p.Text)
	if err != nil {
		return nil, err
	}
	score, err := json.Marshal(p.Score)
	if err != nil {
		return nil, err
	}
	return append(append(append(append([]byte{'['}, text...), ','), score...), ']'), nil
}

// BPE is a BPE model of the library: its merges are pairs of pieces, the first first.
type BPE struct {
	Type         string           `json:"type"`
	Unk          string           `json:"unk_token"`
	FuseUnk      bool             `json:"fuse_unk"`
	ByteFallback bool             `json:"byte_fallback"`
	Vocab        map[string]int32 `json:"vocab"`
	Merges       [][2]string      `json:"merges"`
}

// UnmarshalJSON reads the pair [text, score].
func (p *VocabPiece) UnmarshalJSON(data []byte) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return fmt.Errorf("vocab holds %.60s: want pairs of text and score", data)
	}
	if err := json.Unmarshal(pair[0], &p.Text); err != nil {
		return err
	}
	return json.Unmarshal(pair[1], &p.Score)
}

// SpecialTokens is the content of special_tokens_map.json.
type SpecialTokens struct {
	EOS        string   `json:"eos_token,omitempty"`
	Unk        string   `json:"unk_token"`
	Pad        string   `json:"pad_token,omitempty"`
	Additional []string `json:"additional_special_tokens,omitzero"`
}

// TokenizerConfig is the content of tokenizer_config.json; [Settings] is what is read of it.
type TokenizerConfig struct {
	Class string `json:"tokenizer_class"`
	SpecialTokens
	ExtraIDs int    `json:"extra_ids"`
	CleanUp  bool   `json:"clean_up_tokenization_spaces"` // false: decoded text stays as it is
	Rules    string `json:"t5train_rules"`

	Added map[string]Token `json:"added_tokens_decoder,omitempty"` // by id
}

// Marshal renders JSON as transformers does: indented, with < and > as they are.
func Marshal[T TokenizerConfig | SpecialTokens | Tokenizer | string](v T) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("describe tokenizer: %w", err)
	}
	return b.Bytes(), nil
}
