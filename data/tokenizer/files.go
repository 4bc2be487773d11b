package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// File is one file of a checkpoint folder.
type File struct {
	Name string
	Data []byte
}

// FileNames lists the names that [Tokenizer.Files] may give, and added_tokens.json, which belongs to the tokenizer of a
// folder too.
func FileNames() []string {
	return []string{ModelFile, fastFile, configFile, specialMapFile, addedFile}
}

// Model returns the bytes of the SentencePiece model file, which must not be changed; nil if there is none.
func (t *Tokenizer) Model() []byte { return t.raw }

// Files returns what a checkpoint folder needs so that [Load] gives this tokenizer again and transformers'
// AutoTokenizer opens it: tokenizer_config.json and special_tokens_map.json; spiece.model where there is one; and
// tokenizer.json, which spares the reader the sentencepiece package, under [Transformers] or where the tokenizer came
// from it. What transformers' T5 tokenizer cannot express (see [Options]) gets a tokenizer.json that spells the rules
// out and a class that follows it, as far as the model is otherwise like T5's; else transformers opens it by its own
// rules, or not at all. ByT5 has no vocabulary to write. The data must not be changed.
func (t *Tokenizer) Files() ([]File, error) {
	tokens := specialTokens{EOS: t.tokenText(t.eos), Unk: t.tokenText(t.unk), Pad: t.tokenText(t.pad)}
	config := tokenizerConfig{Class: t.class(), specialTokens: tokens, ExtraIDs: t.extraIDs, Rules: t.rules.String(),
		CleanUp: t.model.cleanUp}
	for n := range t.extraIDs {
		if id, ok := t.ids[Sentinel(n)]; t.rules == SentencePiece || ok && t.isSpecial(t.pieces[id]) {
			tokens.Additional = append(tokens.Additional, Sentinel(n))
		}
	}
	if len(tokens.Additional) < t.extraIDs { // of no sentinel at all, an empty list says so
		config.Additional = append([]string{}, tokens.Additional...)
	}
	config.Added = t.addedByID()
	configData, err := marshal(config)
	if err != nil {
		return nil, err
	}
	tokensData, err := marshal(tokens)
	if err != nil {
		return nil, err
	}
	files := []File{{configFile, configData}, {specialMapFile, tokensData}}
	if t.raw != nil {
		files = append(files, File{ModelFile, t.raw})
	}
	switch {
	case t.rawFast != nil:
		files = append(files, File{fastFile, t.rawFast})
	case t.rules == Transformers && t.kind == unigram, t.opensByPipeline():
		f := t.fast
		if t.opensByPipeline() {
			f = t.fastPipeline
		}
		fastData, err := marshal(f())
		if err != nil {
			return nil, err
		}
		files = append(files, File{fastFile, fastData})
	}
	return files, nil
}

// addedByID lists the added tokens by id, as far as the vocabulary does not tell them; nil for none.
func (t *Tokenizer) addedByID() map[string]fastToken {
	tokens := make(map[string]fastToken)
	for _, a := range t.fastTokens() {
		known := int(a.ID) < t.known()
		usual := a.Special && !a.LStrip && !a.RStrip && !a.Normalized
		if known && (t.kind == unigram && usual || t.kind == bytewise && len(t.model.late) == 0) {
			continue
		}
		tokens[strconv.Itoa(int(a.ID))] = a
	}
	if len(tokens) == 0 {
		return nil
	}
	return tokens
}

// class is the class that transformers shall open the files with.
func (t *Tokenizer) class() string {
	switch {
	case t.kind == bytewise:
		return byT5Class
	case t.model.pipeline != nil || t.opensByPipeline():
		return "PreTrainedTokenizerFast" // does what tokenizer.json says, in version 4 and 5
	}
	return t5Class
}

// tokenText returns the text of a token, "" if the vocabulary has none.
func (t *Tokenizer) tokenText(id int32) string {
	if id < 0 {
		return ""
	}
	return t.pieces[id].text
}

// specialTokens is the content of special_tokens_map.json.
type specialTokens struct {
	EOS        string   `json:"eos_token,omitempty"`
	Unk        string   `json:"unk_token"`
	Pad        string   `json:"pad_token,omitempty"`
	Additional []string `json:"additional_special_tokens,omitzero"`
}

// tokenizerConfig is the content of tokenizer_config.json; [settings] is what Load reads of it.
type tokenizerConfig struct {
	Class string `json:"tokenizer_class"`
	specialTokens
	ExtraIDs int    `json:"extra_ids"`
	CleanUp  bool   `json:"clean_up_tokenization_spaces"` // false: decoded text stays as it is
	Rules    string `json:"t5train_rules"`

	Added map[string]fastToken `json:"added_tokens_decoder,omitempty"` // by id
}

// marshal renders JSON as transformers does: indented, with < and > as they are.
func marshal[T tokenizerConfig | specialTokens | fastTokenizer | string](v T) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("describe tokenizer: %w", err)
	}
	return b.Bytes(), nil
}
