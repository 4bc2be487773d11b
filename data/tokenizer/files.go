package tokenizer

import (
	"strconv"

	"t5train/data/tokenizer/internal/hf"
	"t5train/data/tokenizer/internal/spiece"
)

// File is one file of a checkpoint folder.
type File struct {
	Name string
	Data []byte
}

// FileNames lists the names that [Tokenizer.Files] may give, and added_tokens.json, which belongs to the tokenizer of a
// folder too.
func FileNames() []string {
	return []string{ModelFile, hf.TokenizerFile, hf.ConfigFile, hf.SpecialMapFile, hf.AddedFile}
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
	tokens := hf.SpecialTokens{EOS: t.tokenText(t.eos), Unk: t.tokenText(t.unk), Pad: t.tokenText(t.pad)}
	config := hf.TokenizerConfig{Class: t.class(), SpecialTokens: tokens, ExtraIDs: t.extraIDs, Rules: t.rules.String(),
		CleanUp: t.model.cleanUp}
	for n := range t.extraIDs {
		if id, ok := t.ids[Sentinel(n)]; t.rules == SentencePiece || ok && t.isSpecial(t.pieces[id]) {
			tokens.Additional = append(tokens.Additional, Sentinel(n))
		}
	}
	if len(tokens.Additional) < t.extraIDs { // of no sentinel at all, the list is empty
		config.Additional = append([]string{}, tokens.Additional...)
	}
	config.Added = t.addedByID()
	configData, err := hf.Marshal(config)
	if err != nil {
		return nil, err
	}
	tokensData, err := hf.Marshal(tokens)
	if err != nil {
		return nil, err
	}
	files := []File{{hf.ConfigFile, configData}, {hf.SpecialMapFile, tokensData}}
	if t.raw != nil {
		files = append(files, File{ModelFile, t.raw})
	}
	switch {
	case t.rawFast != nil:
		files = append(files, File{hf.TokenizerFile, t.rawFast})
	case t.rules == Transformers && t.model.Kind == spiece.Unigram, t.opensByPipeline():
		fastData, err := hf.Marshal(t.fast())
		if err != nil {
			return nil, err
		}
		files = append(files, File{hf.TokenizerFile, fastData})
	}
	return files, nil
}

// addedByID lists the added tokens by id, as far as the vocabulary does not tell them; nil for none.
func (t *Tokenizer) addedByID() map[string]hf.Token {
	tokens := make(map[string]hf.Token)
	for _, a := range t.fastTokens() {
		known := int(a.ID) < t.known()
		usual := a.Special && !a.LStrip && !a.RStrip && !a.Normalized
		if known && (t.model.Kind == spiece.Unigram && usual || t.isByT5() && len(t.model.late) == 0) {
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
	case t.isByT5():
		return hf.ByT5Class
	case t.model.pipeline != nil || t.opensByPipeline():
		return "PreTrainedTokenizerFast" // does what tokenizer.json says, in version 4 and 5
	}
	return hf.T5Class
}

// tokenText returns the text of a token, "" if the vocabulary has none.
func (t *Tokenizer) tokenText(id int32) string {
	if id < 0 {
		return ""
	}
	return t.pieces[id].Text
}
