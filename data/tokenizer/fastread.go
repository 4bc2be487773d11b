package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"t5train/data/tokenizer/internal/hf"
	"t5train/data/tokenizer/internal/spiece"
)

// newFast makes a tokenizer of the bytes of a tokenizer.json. transformers' T5 tokenizer takes vocabulary, added tokens
// and character map from the file and does the rest by its own rules; otherwise the file's hold.
func (s settings) newFast(raw []byte) (*Tokenizer, error) {
	var f hf.Vocabulary
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("no valid JSON, or a value of the wrong type: %w", err)
	}
	m, extraIDs, err := s.parseVocabulary(&f)
	if err != nil {
		return nil, err
	}
	if s.IsT5() {
		for _, c := range f.Normalizer.Steps() {
			if c.Type == hf.Precompiled && m.Charsmap == nil {
				m.Charsmap = c.Charsmap
			}
		}
		if !m.opensInTransformers() {
			return nil, fmt.Errorf("unk is %d: transformers' T5 tokenizer wants 2, and tokens </s> and <pad>: copy "+
				"the file of a T5 model", m.Unk)
		}
	} else if err := m.parsePipeline(&f); err != nil {
		return nil, err
	}
	m.cleanUp = s.CleanUp
	t, err := newTokenizer(m, Options{ExtraIDs: extraIDs, Rules: s.rules})
	if err != nil {
		return nil, err
	}
	t.rawFast = raw
	return t, nil
}

// parseVocabulary reads pieces and added tokens. Sentinels at the end of the pieces count as extra ids.
func (s settings) parseVocabulary(f *hf.Vocabulary) (m *model, extraIDs int, err error) {
	if f.Model.Type != "Unigram" && !(f.Model.Type == "" && f.Model.UnkID != nil) { // early files name no type
		return nil, 0, fmt.Errorf("its model is of type %q: want Unigram, which T5, mT5 and UMT5 have; BPE is read "+
			"from %s alone: name that file, or its folder",
			f.Model.Type, ModelFile)
	}
	var vocab []hf.VocabPiece
	if err := json.Unmarshal(f.Model.Vocab, &vocab); err != nil {
		return nil, 0, fmt.Errorf("model.vocab: no valid JSON, or a value of the wrong type: %w", err)
	}
	m = &model{Model: spiece.New()}
	if f.Model.UnkID == nil || *f.Model.UnkID < 0 || *f.Model.UnkID >= len(vocab) {
		return nil, 0, errors.New("model.unk_id names no piece of the vocabulary: copy the file again")
	}
	m.Unk = int32(*f.Model.UnkID)
	m.Pieces = make([]spiece.Piece, len(vocab))
	texts, bytes := make(map[string]bool, len(vocab)), make(map[byte]bool)
	for i, p := range vocab {
		if p.Text == "" {
			return nil, 0, fmt.Errorf("piece %d of the vocabulary is empty: want text", i)
		}
		p.Type = spiece.Normal
		m.Pieces[i] = spiece.Piece(p)
		texts[p.Text] = true
		if b, ok := spiece.ByteOf(p.Text); ok {
			bytes[b] = true
		}
	}
	if m.ByteFallback = len(bytes) == 256; m.ByteFallback {
		for i := range m.Pieces {
			if spiece.IsByte(m.Pieces[i].Text) {
				m.Pieces[i].Type = spiece.Byte
			}
		}
	}
	sentinels := 0
	for texts[Sentinel(sentinels)] {
		sentinels++
	}
	slices.SortStableFunc(f.AddedTokens, func(a, b hf.Token) int { return int(a.ID) - int(b.ID) })
	m.added, m.late, err = s.AddedTokens(slices.Concat([]hf.Token{}, f.AddedTokens), m.Pieces, sentinels)
	if err != nil {
		return nil, 0, err
	}
	for _, a := range m.added {
		p := &m.Pieces[a.ID]
		p.Type = spiece.User
		if a.Special && !spiece.IsSentinel(p.Text) {
			p.Type = spiece.Control
		}
	}
	m.Pieces[m.Unk].Type = spiece.Unknown
	last := len(m.Pieces)
	for ; last > 0 && isAppendedSentinel(m.Pieces[last-1], extraIDs); last-- {
		extraIDs++
	}
	m.Pieces = m.Pieces[:last]
	return m, extraIDs, nil
}

func isAppendedSentinel(p spiece.Piece, n int) bool {
	return p.Text == Sentinel(n) && p.Type == spiece.User && p.Score == 0
}

// parsePipeline reads what the file says about the rest of the way.
func (m *model) parsePipeline(f *hf.Vocabulary) error {
	p := pipeline{prepend: hf.PrependNever, whole: true, byteFallback: f.Model.ByteFallback}
	for _, err := range []error{p.parseNormalizer(f.Normalizer.Steps(), m), p.parsePreTokenizer(f.PreTokenizer.Steps()),
		p.parseDecoder(f.Decoder.Steps())} {
		if err != nil {
			return err
		}
	}
	if p != t5Pipeline() {
		m.pipeline = &p
	}
	return nil
}

const fastRemedy = `want what T5, mT5 and UMT5 have; if the model is one of them, set "tokenizer_class": "T5Tokenizer" ` +
	`in tokenizer_config.json, and transformers' own rules hold`

func (p *pipeline) parseNormalizer(steps []hf.Component, m *model) error {
	const precompiled, strip, replace = 1, 2, 3
	at := 0
	for _, c := range steps {
		stage := 0
		switch {
		case c.Type == hf.Precompiled:
			stage, m.Charsmap = precompiled, c.Charsmap
		case c.Type == "Strip":
			stage, p.stripLeft, p.stripRight = strip, c.StripLeft, c.StripRight
		case c.Type == "Replace" && c.Pattern.Regex == spaceRuns.String():
			stage, p.runs = replace, &c.Content
		case c.Type == "Replace":
			return fmt.Errorf("normalizer Replace of %q is not supported: %s", c.Pattern.Regex+c.Pattern.String,
				fastRemedy)
		default:
			return fmt.Errorf("normalizer %s is not supported: %s", c.Type, fastRemedy)
		}
		if stage <= at {
			return fmt.Errorf("normalizer %s does not stand in the order Precompiled, Strip, Replace: %s", c.Type,
				fastRemedy)
		}
		at = stage
	}
	return nil
}

func (p *pipeline) parsePreTokenizer(steps []hf.Component) error {
	for i, c := range steps {
		switch {
		case c.Type == "WhitespaceSplit" && i == 0:
			p.whitespaceSplit = true
		case c.Type == "Metaspace" && i == len(steps)-1:
			if c.Replacement != space {
				return fmt.Errorf("pre-tokenizer Metaspace writes a space as %q: want %q", c.Replacement, space)
			}
			p.prepend = c.Scheme()
			p.whole = c.Split != nil && !*c.Split
		default:
			return fmt.Errorf("pre-tokenizer %s is not supported in this place: %s", c.Type, fastRemedy)
		}
	}
	switch {
	case len(steps) == 0 || steps[len(steps)-1].Type != "Metaspace":
		return fmt.Errorf("the pre-tokenizer has no Metaspace: %s", fastRemedy)
	case !slices.Contains([]hf.Prepend{hf.PrependAlways, hf.PrependFirst, hf.PrependNever}, p.prepend):
		return fmt.Errorf("pre-tokenizer Metaspace has the prepend_scheme %q: want always, first or never", p.prepend)
	}
	return nil
}

func (p *pipeline) parseDecoder(steps []hf.Component) error {
	for i, c := range steps {
		switch {
		case c.Type == "ByteFallback" && i == 0:
			p.decodeBytes = true
		case c.Type == "Metaspace" && i == len(steps)-1 &&
			(c.Scheme() == hf.PrependNever) == (p.prepend == hf.PrependNever):
		default:
			return fmt.Errorf("decoder %s is not supported in this place: %s", c.Type, fastRemedy)
		}
	}
	return nil
}
