package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// fastFileIn is the part of a tokenizer.json that decides about ids and text. What it says about truncation, padding
// and the end-of-sequence token is the caller's business, as with a SentencePiece model.
type fastFileIn struct {
	AddedTokens  []fastToken    `json:"added_tokens"`
	Normalizer   *fastComponent `json:"normalizer"`
	PreTokenizer *fastComponent `json:"pre_tokenizer"`
	Decoder      *fastComponent `json:"decoder"`
	Model        struct {
		Type         string          `json:"type"`
		UnkID        *int            `json:"unk_id"`
		Vocab        json.RawMessage `json:"vocab"` // of which type, the type tells
		ByteFallback bool            `json:"byte_fallback"`
	} `json:"model"`
}

// fastComponent is a normalizer, pre-tokenizer or decoder: a type and what some type has.
type fastComponent struct {
	Type          string          `json:"type"`
	Normalizers   []fastComponent `json:"normalizers"`
	PreTokenizers []fastComponent `json:"pretokenizers"`
	Decoders      []fastComponent `json:"decoders"`

	Charsmap   []byte `json:"precompiled_charsmap"`
	StripLeft  bool   `json:"strip_left"`
	StripRight bool   `json:"strip_right"`
	Pattern    struct {
		Regex  string `json:"Regex"`
		String string `json:"String"`
	} `json:"pattern"`
	Content        string        `json:"content"`
	Replacement    string        `json:"replacement"`
	PrependScheme  prependScheme `json:"prepend_scheme"`
	AddPrefixSpace *bool         `json:"add_prefix_space"` // before tokenizers 0.15
	Split          *bool         `json:"split"`
}

// steps lists the components of a Sequence, or the one that is there.
func (c *fastComponent) steps() []fastComponent {
	switch {
	case c == nil:
		return nil
	case c.Type != "Sequence":
		return []fastComponent{*c}
	}
	var all []fastComponent
	for _, list := range [][]fastComponent{c.Normalizers, c.PreTokenizers, c.Decoders} {
		for i := range list {
			all = append(all, list[i].steps()...)
		}
	}
	return all
}

// newFast makes a tokenizer of the bytes of a tokenizer.json. transformers' T5 tokenizer takes vocabulary, added tokens
// and character map from the file and does the rest by its own rules; otherwise the file's hold.
func (s settings) newFast(raw []byte) (*Tokenizer, error) {
	var f fastFileIn
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("no valid JSON, or a value of the wrong type: %w", err)
	}
	m, extraIDs, err := f.parse(s)
	if err != nil {
		return nil, err
	}
	if s.isT5() {
		for _, c := range f.Normalizer.steps() {
			if c.Type == precompiledType && m.charsmap == nil {
				m.charsmap = c.Charsmap
			}
		}
		if !m.opensInTransformers() {
			return nil, fmt.Errorf("unk is %d: transformers' T5 tokenizer wants 2, and tokens </s> and <pad>: copy "+
				"the file of a T5 model", m.unk)
		}
	} else if err := f.parsePipeline(m); err != nil {
		return nil, err
	}
	m.cleanUp = s.cleanUp
	o := Options{ExtraIDs: extraIDs}
	if s.rules == SentencePiece.String() {
		o.Rules = SentencePiece
	}
	t, err := newTokenizer(m, o)
	if err != nil {
		return nil, err
	}
	t.rawFast = raw
	return t, nil
}

// parse reads vocabulary and added tokens. Sentinels at the end of the vocabulary count as extra ids.
func (f *fastFileIn) parse(s settings) (m *model, extraIDs int, err error) {
	if f.Model.Type != "Unigram" && !(f.Model.Type == "" && f.Model.UnkID != nil) { // early files name no type
		return nil, 0, fmt.Errorf("its model is of type %q: want Unigram, which T5, mT5 and UMT5 have; BPE is read "+
			"from %s alone: name that file, or its folder",
			f.Model.Type, ModelFile)
	}
	var vocab []fastPiece
	if err := json.Unmarshal(f.Model.Vocab, &vocab); err != nil {
		return nil, 0, fmt.Errorf("model.vocab: no valid JSON, or a value of the wrong type: %w", err)
	}
	m = &model{kind: unigram, unk: -1, unkSurface: " ⁇ ", dummyPrefix: true, squeeze: true, escape: true}
	if f.Model.UnkID == nil || *f.Model.UnkID < 0 || *f.Model.UnkID >= len(vocab) {
		return nil, 0, errors.New("model.unk_id names no piece of the vocabulary: copy the file again")
	}
	m.unk = int32(*f.Model.UnkID)
	m.pieces = make([]piece, len(vocab))
	byteSeen := make(map[byte]bool)
	for i, p := range vocab {
		if p.text == "" {
			return nil, 0, fmt.Errorf("piece %d of the vocabulary is empty: want text", i)
		}
		p.kind = NormalPiece
		m.pieces[i] = piece(p)
		if b, ok := byteOf(p.text); ok {
			byteSeen[b] = true
		}
	}
	if m.byteFallback = len(byteSeen) == 256; m.byteFallback {
		for i := range m.pieces {
			if isByte(m.pieces[i].text) {
				m.pieces[i].kind = BytePiece
			}
		}
	}
	if err := f.parseAdded(m, s); err != nil {
		return nil, 0, err
	}
	m.pieces[m.unk].kind = UnknownPiece
	last := len(m.pieces)
	for ; last > 0 && isAppendedSentinel(m.pieces[last-1], extraIDs); last-- {
		extraIDs++
	}
	m.pieces = m.pieces[:last]
	return m, extraIDs, nil
}

func isAppendedSentinel(p piece, n int) bool {
	return p.text == Sentinel(n) && p.kind == UserPiece && p.score == 0
}

// parseAdded sets the added tokens, and the kinds of the pieces that are some.
func (f *fastFileIn) parseAdded(m *model, s settings) error {
	slices.SortStableFunc(f.AddedTokens, func(a, b fastToken) int { return int(a.ID) - int(b.ID) })
	texts := make(map[string]bool, len(m.pieces))
	for _, p := range m.pieces {
		texts[p.text] = true
	}
	sentinels := 0
	for texts[Sentinel(sentinels)] {
		sentinels++
	}
	list, err := s.tokensToAdd(slices.Concat([]fastToken{}, f.AddedTokens), m.pieces, sentinels)
	if err == nil {
		err = m.add(list, 0)
	}
	for _, a := range m.added {
		p := &m.pieces[a.id]
		p.kind = UserPiece
		if a.special && !isSentinel(p.text) {
			p.kind = ControlPiece
		}
	}
	return err
}

// check refuses what no file of T5's family holds.
func (a fastToken) check() error {
	switch {
	case a.Content == "":
		return fmt.Errorf("added token %d is empty: want text", a.ID)
	case a.SingleWord:
		return fmt.Errorf("added token %q is single_word, which is not supported: set it to false and save the "+
			"tokenizer again", a.Content)
	}
	return nil
}

// parsePipeline reads what the file says about the rest of the way.
func (f *fastFileIn) parsePipeline(m *model) error {
	p := pipeline{prepend: prependNever, whole: true, byteFallback: f.Model.ByteFallback}
	for _, err := range []error{p.parseNormalizer(f.Normalizer.steps(), m), p.parsePreTokenizer(f.PreTokenizer.steps()),
		p.parseDecoder(f.Decoder.steps())} {
		if err != nil {
			return err
		}
	}
	if p != t5Pipeline() {
		m.pipeline = &p
	}
	return nil
}

const precompiledType = "Precompiled"

const fastRemedy = `want what T5, mT5 and UMT5 have; if the model is one of them, set "tokenizer_class": "T5Tokenizer" in tokenizer_config.json, and transformers' own rules hold`

func (p *pipeline) parseNormalizer(steps []fastComponent, m *model) error {
	const precompiled, strip, replace = 1, 2, 3
	at := 0
	for _, c := range steps {
		stage := 0
		switch {
		case c.Type == precompiledType:
			stage, m.charsmap = precompiled, c.Charsmap
		case c.Type == "Strip":
			stage, p.stripLeft, p.stripRight = strip, c.StripLeft, c.StripRight
		case c.Type == "Replace" && c.Pattern.Regex == blankRuns.String():
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

func (p *pipeline) parsePreTokenizer(steps []fastComponent) error {
	for i, c := range steps {
		switch {
		case c.Type == "WhitespaceSplit" && i == 0:
			p.whitespaceSplit = true
		case c.Type == "Metaspace" && i == len(steps)-1:
			if c.Replacement != space {
				return fmt.Errorf("pre-tokenizer Metaspace writes a blank as %q: want %q", c.Replacement, space)
			}
			p.prepend = c.scheme()
			p.whole = c.Split != nil && !*c.Split
		default:
			return fmt.Errorf("pre-tokenizer %s is not supported in this place: %s", c.Type, fastRemedy)
		}
	}
	switch {
	case len(steps) == 0 || steps[len(steps)-1].Type != "Metaspace":
		return fmt.Errorf("the pre-tokenizer has no Metaspace: %s", fastRemedy)
	case !slices.Contains([]prependScheme{prependAlways, prependFirst, prependNever}, p.prepend):
		return fmt.Errorf("pre-tokenizer Metaspace has the prepend_scheme %q: want always, first or never", p.prepend)
	}
	return nil
}

// scheme returns when Metaspace prepends; the default is always.
func (c fastComponent) scheme() prependScheme {
	switch {
	case c.PrependScheme != "":
		return c.PrependScheme
	case c.AddPrefixSpace != nil && !*c.AddPrefixSpace:
		return prependNever
	}
	return prependAlways
}

func (p *pipeline) parseDecoder(steps []fastComponent) error {
	for i, c := range steps {
		switch {
		case c.Type == "ByteFallback" && i == 0:
			p.decodeBytes = true
		case c.Type == "Metaspace" && i == len(steps)-1 && (c.scheme() == prependNever) == (p.prepend == prependNever):
		default:
			return fmt.Errorf("decoder %s is not supported in this place: %s", c.Type, fastRemedy)
		}
	}
	return nil
}

// UnmarshalJSON reads the pair [text, score].
func (p *fastPiece) UnmarshalJSON(data []byte) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return fmt.Errorf("vocab holds %.60s: want pairs of text and score", data)
	}
	if err := json.Unmarshal(pair[0], &p.text); err != nil {
		return err
	}
	return json.Unmarshal(pair[1], &p.score)
}
