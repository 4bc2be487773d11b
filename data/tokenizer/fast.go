package tokenizer

import "encoding/json"

const fastFile = "tokenizer.json"

// fastTokenizer is the content of tokenizer.json, the format of Hugging Face's tokenizers library.
type fastTokenizer struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"` // null: none
	Padding       json.RawMessage `json:"padding"`    // null: none
	AddedTokens   []fastToken     `json:"added_tokens"`
	Normalizer    *fastNormalizer `json:"normalizer"` // nil: a model without rules
	PreTokenizer  fastStep        `json:"pre_tokenizer"`
	PostProcessor fastTemplate    `json:"post_processor"`
	Decoder       fastStep        `json:"decoder"`
	Model         any             `json:"model"` // fastModel or fastBPE
}

type fastToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

type fastNormalizer struct {
	Type       string           `json:"type"`
	Charsmap   []byte           `json:"precompiled_charsmap,omitempty"` // base64 in JSON
	StripLeft  bool             `json:"strip_left,omitempty"`
	StripRight bool             `json:"strip_right,omitempty"`
	Pattern    *fastPattern     `json:"pattern,omitempty"`
	Content    string           `json:"content,omitempty"`
	Steps      []fastNormalizer `json:"normalizers,omitempty"`
}

type fastPattern struct {
	Regex string `json:"Regex"`
}

// fastStep is a pre-tokenizer or a decoder.
type fastStep struct {
	Type          string     `json:"type"`
	Replacement   string     `json:"replacement,omitempty"`
	PrependScheme string     `json:"prepend_scheme,omitempty"`
	Split         *bool      `json:"split,omitempty"`
	PreTokenizers []fastStep `json:"pretokenizers,omitempty"`
	Decoders      []fastStep `json:"decoders,omitempty"`
}

type fastTemplate struct {
	Type          string                 `json:"type"`
	Single        []fastSlot             `json:"single"`
	Pair          []fastSlot             `json:"pair"`
	SpecialTokens map[string]fastSpecial `json:"special_tokens"`
}

// fastSlot is a sequence or a special token: exactly one is set.
type fastSlot struct {
	Sequence *fastSlotRef `json:"Sequence,omitempty"`
	Special  *fastSlotRef `json:"SpecialToken,omitempty"`
}

type fastSlotRef struct {
	ID     string `json:"id"`
	TypeID int    `json:"type_id"`
}

type fastSpecial struct {
	ID     string   `json:"id"`
	IDs    []int32  `json:"ids"`
	Tokens []string `json:"tokens"`
}

type fastModel struct {
	Type         string      `json:"type"`
	UnkID        int32       `json:"unk_id"`
	Vocab        []fastPiece `json:"vocab"`
	ByteFallback bool        `json:"byte_fallback"`
}

// fastPiece is the pair [text, score].
type fastPiece piece

func (p fastPiece) MarshalJSON() ([]byte, error) {
	text, err := marshal(p.text)
	if err != nil {
		return nil, err
	}
	score, err := json.Marshal(p.score)
	if err != nil {
		return nil, err
	}
	return append(append(append(append([]byte{'['}, text...), ','), score...), ']'), nil
}

// fast describes a tokenizer of [Transformers] rules: the pipeline that words.go follows, spelled out as
// tokenization_t5.py builds it.
func (t *Tokenizer) fast() fastTokenizer {
	metaspace := fastStep{Type: "Metaspace", Replacement: space, PrependScheme: "always", Split: new(true)}
	f := t.fastFrame()
	f.PreTokenizer = fastStep{Type: "Sequence", PreTokenizers: []fastStep{{Type: "WhitespaceSplit"}, metaspace}}
	f.Decoder = metaspace
	if len(t.model.charsmap) > 0 {
		f.Normalizer = &fastNormalizer{Type: precompiledType, Charsmap: t.model.charsmap}
	}
	f.Model = t.fastUnigram()
	return f
}

// fastFrame describes what all tokenizers have.
func (t *Tokenizer) fastFrame() fastTokenizer {
	eos := t.pieces[t.eos].text
	a, b := fastSlot{Sequence: &fastSlotRef{ID: "A"}}, fastSlot{Sequence: &fastSlotRef{ID: "B"}}
	end := fastSlot{Special: &fastSlotRef{ID: eos}}
	return fastTokenizer{
		Version:     "1.0",
		AddedTokens: t.fastTokens(),
		PostProcessor: fastTemplate{
			Type: "TemplateProcessing", Single: []fastSlot{a, end}, Pair: []fastSlot{a, end, b, end},
			SpecialTokens: map[string]fastSpecial{eos: {eos, []int32{t.eos}, []string{eos}}},
		},
	}
}

func (t *Tokenizer) fastUnigram() fastModel {
	m := fastModel{Type: "Unigram", UnkID: t.unk, ByteFallback: t.bytes != nil}
	for i, p := range t.pieces[:t.known()] {
		p.text = t.fastText(int32(i))
		m.Vocab = append(m.Vocab, fastPiece(p))
	}
	return m
}

// fastTokens lists the added tokens.
func (t *Tokenizer) fastTokens() []fastToken {
	var list []fastToken
	for _, a := range t.added {
		p := t.pieces[a.id]
		list = append(list, fastToken{
			ID: a.id, Content: t.fastText(a.id), LStrip: a.lstrip, RStrip: a.rstrip, Normalized: a.normalized, Special: t.isSpecial(p),
		})
	}
	return list
}
