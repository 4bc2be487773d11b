package predict

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"t5train/data/tokenizer"
	"t5train/model/generate"
)

// BadWords returns what encodes texts that no output shall hold: as a word of its own, and as the rest of a longer one,
// whose tokens have no blank in front. It may be called by several goroutines.
func BadWords(tok *tokenizer.Tokenizer) func(texts []string) ([][]int32, error) {
	inside := sync.OnceValue(func() func(string) []int32 { return withoutBlank(tok) }) // a tokenizer of its own, which takes a while to make
	return func(texts []string) ([][]int32, error) {
		var words [][]int32
		for _, text := range texts {
			if strings.TrimSpace(text) == "" {
				return nil, fmt.Errorf("bad word %q is empty: leave it out", text)
			}
			for _, encode := range []func(string) []int32{tok.Encode, inside()} {
				ids := encode(text)
				if slices.Contains(ids, tok.Unk()) {
					return nil, fmt.Errorf("bad word %q has characters that the tokenizer does not know, so no output holds them: leave it out", text)
				}
				if len(ids) > 0 && !slices.ContainsFunc(words, func(w []int32) bool { return slices.Equal(w, ids) }) {
					words = append(words, ids)
				}
			}
		}
		return words, nil
	}
}

// Prefix returns the tokens of a text that outputs shall begin with. It refuses a text with characters that the vocabulary lacks:
// outputs would begin with something else.
func Prefix(tok *tokenizer.Tokenizer, text string) ([]int32, error) {
	ids := tok.Encode(text)
	switch {
	case slices.Contains(ids, tok.Unk()):
		return nil, fmt.Errorf("%q has characters that the tokenizer does not know, so no output begins with it: leave them out", text)
	case len(ids) == 0 && text != "":
		return nil, fmt.Errorf("%q has no token: leave it out", text)
	}
	return ids, nil
}

// withoutBlank returns what encodes text that goes on behind other text. Behind a sentinel, SentencePiece puts no blank in
// front of a word; a tokenizer without sentinels knows words with a blank only.
func withoutBlank(tok *tokenizer.Tokenizer) func(text string) []int32 {
	sentinel, ok := tok.Sentinel(0)
	seqio, err := tok.WithRules(tokenizer.SentencePiece)
	if !ok || err != nil {
		return func(string) []int32 { return nil }
	}
	return func(text string) []int32 {
		ids := seqio.Encode("<extra_id_0>" + text)
		return ids[slices.Index(ids, sentinel)+1:]
	}
}

// choiceBeams is how many choices are followed at once. Among no more than these the most probable one is found for certain.
const choiceBeams = 32

// Choose restricts generation to some texts. Where the options ask for neither beams nor samples, the answer is the most
// probable text: the most probable token each time may lead to another one.
func Choose(o *generate.Options, tok *tokenizer.Tokenizer, texts []string) error {
	var sequences [][]int32
	for _, text := range texts {
		ids := tok.Encode(text)
		if len(ids) == 0 {
			return fmt.Errorf("choice %q is empty: leave it out", text)
		}
		if slices.Contains(ids, tok.Unk()) {
			return fmt.Errorf("choice %q has characters that the tokenizer does not know: write it otherwise", text)
		}
		sequences = append(sequences, append(ids, tok.EOS()))
	}
	if len(sequences) == 0 {
		return errors.New("there are no choices: want at least one")
	}
	o.Allowed = generate.NewTrie(sequences)
	if o.Beams <= 1 && o.Sampling == nil {
		o.Beams, o.LengthPenalty, o.LengthNormAlpha = min(len(sequences), choiceBeams), new(0.0), 0
	}
	return nil
}
