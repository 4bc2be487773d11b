package convert

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/data/tokenizer"
	"t5train/internal/ui"
	"t5train/model"
)

// transfer brings a model from the vocabulary that it has to another one: each row of the embedding and of lm_head is
// made of the rows of the tokens that its token comes from.
type transfer struct {
	from    int // tokens of the old vocabulary; the rows behind them are padding
	to      *tokenizer.Tokenizer
	origins []tokenizer.Origin
	rows    int
}

// newTransfer makes sure that both vocabularies and the model go together. rows is 0 for as many as the vocabulary
// needs.
func newTransfer(c model.Config, from, to *tokenizer.Tokenizer, rows int) (*transfer, error) {
	if err := checkpoints.CheckTokenizer(c, from); err != nil {
		return nil, err
	}
	switch {
	case to.EOS() < 0:
		return nil, errors.New("the new tokenizer has no </s>, with which every text must end: train it with eos_id 1")
	case to.Pad() < 0:
		return nil, errors.New("the new tokenizer has no <pad>, with which T5's decoder starts: train it with pad_id 0")
	}
	if rows == 0 {
		rows = checkpoints.PaddedRows(to.VocabSize())
	}
	if rows < to.VocabSize() {
		return nil, tooFewRows(rows, to)
	}
	return &transfer{from: from.VocabSize(), to: to, origins: to.Origins(from), rows: rows}, nil
}

// tooFewRows is the error of an embedding that has no row for some of the tokens.
func tooFewRows(rows int, t *tokenizer.Tokenizer) error {
	return fmt.Errorf("%d rows are too few: the tokenizer has %d tokens, and each needs its own", rows, t.VocabSize())
}

// config returns the architecture with the rows and the special tokens of the new vocabulary.
func (c *transfer) config(old model.Config) (model.Config, error) {
	start, err := c.now(int32(old.DecoderStartTokenID))
	if err != nil {
		return model.Config{}, err
	}
	old.EOSTokenIDs = nil
	old.VocabSize, old.PadTokenID, old.EOSTokenID, old.DecoderStartTokenID = c.rows, int(c.to.Pad()), int(c.to.EOS()),
		int(start)
	return old, old.Validate()
}

// now returns the token that an old one has become.
func (c *transfer) now(old int32) (int32, error) {
	for id, o := range c.origins {
		if (o.Kind == tokenizer.Role || o.Kind == tokenizer.Shared) && o.IDs[0] == old {
			return int32(id), nil
		}
	}
	return 0, fmt.Errorf("decoder_start_token_id is %d, a token that the new tokenizer lacks: use one that has it", old)
}

// tokenKeys are the keys of config.json and generation_config.json that name tokens and belong to the old vocabulary,
// but for those that a model cannot be without.
var tokenKeys = []string{
	"bos_token_id", "sep_token_id", "forced_bos_token_id", "forced_eos_token_id", "forced_decoder_ids",
	"suppress_tokens",
	"begin_suppress_tokens", "bad_words_ids", "force_words_ids", "sequence_bias", "prefix_token_id",
}

// dropTokens takes the tokens of the old vocabulary out of config.json or generation_config.json. It returns the keys
// that said something.
func dropTokens(keys map[string]any) (dropped []string) {
	for _, key := range tokenKeys {
		if keys[key] != nil {
			dropped = append(dropped, key)
		}
		delete(keys, key)
	}
	return dropped
}

// generation returns generation_config.json for the new vocabulary, and what it no longer says.
func (c *transfer) generation(raw []byte, config model.Config) (_ []byte, dropped []string, err error) {
	keys, err := parseKeys(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", checkpoints.GenerationName, err)
	}
	dropped = dropTokens(keys)
	fresh, err := checkpoints.GenerationConfig(config)
	if err != nil {
		return nil, nil, err
	}
	own, err := parseKeys(fresh)
	if err != nil {
		return nil, nil, err
	}
	maps.Copy(keys, own)
	data, err := json.MarshalIndent(keys, "", "  ")
	return data, dropped, err
}

// parseKeys reads a JSON object; its numbers stay as they are written.
func parseKeys(raw []byte) (keys map[string]any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // 1.0 stays 1.0
	return keys, decoder.Decode(&keys)
}

// tensor returns a matrix [tokens, columns] with the rows of the new vocabulary.
//
// A row of several old ones is their mean, one of none the mean of all old tokens. A row behind the last token is the
// mean of the new ones before it: its logit is the mean of theirs, and so never the largest.
func (c *transfer) tensor(t safetensors.Tensor, dtype safetensors.DType) safetensors.Lazy {
	columns := t.Shape[1]
	return safetensors.Lazy{Name: t.Name, DType: dtype, Shape: []int{c.rows, columns}, Write: func(to io.Writer) error {
		w := bufio.NewWriter(to)
		whole, err := meanOf(t, firstRows(c.from))
		if err != nil {
			return err
		}
		sums := newRowSums(columns)
		for _, o := range c.origins {
			row := whole
			if len(o.IDs) > 0 {
				if row, err = meanOf(t, o.IDs); err != nil {
					return err
				}
			}
			sums.add(row)
			written := safetensors.FromFloat32(t.Name, []int{1, columns}, row)
			if len(o.IDs) == 1 {
				written = t.Rows(int(o.IDs[0]), int(o.IDs[0])+1) // the same bits, whatever the type
			}
			if err := written.As(dtype).Write(w); err != nil {
				return err
			}
		}
		padding := safetensors.FromFloat32(t.Name, []int{1, columns}, sums.mean()).As(dtype)
		for range c.rows - len(c.origins) {
			if err := padding.Write(w); err != nil {
				return err
			}
		}
		return w.Flush()
	}}
}

// said tells how many tokens come from where.
func (c *transfer) said() string {
	counts := map[tokenizer.OriginKind]int{}
	for _, o := range c.origins {
		counts[o.Kind]++
	}
	text := fmt.Sprintf("%s tokens in place of %s, in %s rows: %s shared, %s special, %s from the mean "+
		"of their old pieces",
		ui.Grouped(len(c.origins)), ui.Grouped(c.from), ui.Grouped(c.rows), ui.Grouped(counts[tokenizer.Shared]),
		ui.Grouped(counts[tokenizer.Role]), ui.Grouped(counts[tokenizer.Cut]))
	if n := counts[tokenizer.Untranslatable]; n > 0 {
		text += fmt.Sprintf(", %s from the mean of all, since the old vocabulary has nothing for them (%s)",
			ui.Grouped(n), c.untranslatable())
	}
	return text
}

// untranslatable shows a few of the tokens that the old vocabulary has nothing for.
func (c *transfer) untranslatable() string {
	const most = 5
	var shown []string
	for id, o := range c.origins {
		if o.Kind != tokenizer.Untranslatable {
			continue
		}
		if len(shown) == most {
			return strings.Join(shown, " ") + " ..."
		}
		shown = append(shown, fmt.Sprintf("%q", c.to.Piece(int32(id))))
	}
	return strings.Join(shown, " ")
}

// changeVocabulary brings the model to the vocabulary of the options.
func (c *conversion) changeVocabulary() error {
	if c.tokenizer == nil {
		return fmt.Errorf("which row belongs to which piece only the tokenizer of the checkpoint tells: %w",
			c.tokenizerErr)
	}
	to, err := checkpoints.OpenTokenizer(c.options.Tokenizer)
	if err != nil {
		return err
	}
	if c.transfer, err = newTransfer(c.parsed, c.tokenizer, to, c.options.VocabSize); err != nil {
		return err
	}
	if c.parsed, err = c.transfer.config(c.parsed); err != nil {
		return err
	}
	c.notes = append(c.notes, note{"vocabulary", c.transfer.said()})
	if was, now := len(c.tokenizer.Sentinels()), len(to.Sentinels()); now < min(was, tokenizer.DefaultExtraIDs) {
		c.notes = append(c.notes, note{ui.Warning, fmt.Sprintf("the new tokenizer has %d sentinels, the old "+
			"one %d: the model loses what it knows of the others, and pre-training by span corruption wants them: "+
			"train the tokenizer with vocabulary.extra_ids %d to keep them", now, was,
			min(was, tokenizer.DefaultExtraIDs))})
	}
	if to.Rules() == tokenizer.SentencePiece {
		c.notes = append(c.notes, note{"note", "transformers' T5 tokenizer has no place for all that this vocabulary " +
			"asks for (BPE, byte fallback, symbols of its own): there texts may get other ids, or it may not open"})
	}
	_, generation, err := checkpoints.ReadGenerationKeys(c.dir)
	if err != nil {
		return err
	}
	generation, dropped, err := c.transfer.generation(generation, c.parsed)
	if err != nil {
		return err
	}
	c.dropped(checkpoints.GenerationName, dropped)
	files, err := to.Files()
	if err != nil {
		return err
	}
	c.replaced = append(files, tokenizer.File{Name: checkpoints.GenerationName, Data: generation})
	return c.forget()
}

// forget takes what was measured with the old weights out of t5train.json.
func (c *conversion) forget() error {
	info, err := checkpoints.ReadInfo(cmp.Or(c.options.Adapter, c.dir))
	if err != nil {
		return err
	}
	info.Step, info.Metrics, info.Temperature = 0, nil, 0
	raw, err := json.MarshalIndent(info, "", "  ")
	c.replaced = slices.DeleteFunc(c.replaced, func(f tokenizer.File) bool { return f.Name == checkpoints.InfoName })
	c.replaced = append(c.replaced, tokenizer.File{Name: checkpoints.InfoName, Data: raw})
	return err
}

// note is said of a conversion, with what it is about.
type note struct{ key, text string }

// dropped notes what a file no longer says.
func (c *conversion) dropped(file string, keys []string) {
	if len(keys) > 0 {
		c.notes = append(c.notes, note{"note", fmt.Sprintf("%s loses %s: they name tokens of the old vocabulary",
			file, strings.Join(keys, ", "))})
	}
}
