package tokenizer

import (
	"cmp"
	"slices"
	"strings"

	"t5train/data/tokenizer/internal/hf"
	"t5train/data/tokenizer/internal/spiece"
)

// opensByPipeline reports whether the tokenizers library can follow, by a tokenizer.json, a model that transformers' T5
// tokenizer cannot express: BPE, byte fallback, user-defined symbols.
func (t *Tokenizer) opensByPipeline() bool {
	m := t.model
	return t.rules == SentencePiece && !t.isByT5() && !m.fitsTransformers() &&
		m.DummyPrefix && m.Squeeze && m.Escape && !m.SpaceSuffix && t.eos >= 0 && len(m.late) == 0 &&
		m.pipeline == nil &&
		!slices.ContainsFunc(m.Pieces, func(p spiece.Piece) bool { return p.Type == spiece.Unused })
}

// fast describes a tokenizer in the format of Hugging Face's tokenizers library: of [Transformers] rules the pipeline
// that words.go follows, spelled out as tokenization_t5.py builds it; of others one that gives a plain text the same
// pieces as SentencePiece does.
//
// The library treats the parts between symbols one by one. Without user-defined symbols a part loses the spaces at its
// ends and gets a ▁ in front, as transformers' T5 tokenizer does around sentinels. With them only the first part gets
// it, so that a symbol may stand within a word; then spaces at the ends of the whole text stay, too.
func (t *Tokenizer) fast() hf.Tokenizer {
	metaspace := hf.Component{Type: "Metaspace", Replacement: space, PrependScheme: hf.PrependAlways,
		Split: new(t.rules == Transformers || t.model.Wordwise())}
	f := hf.Tokenizer{Version: "1.0", AddedTokens: t.fastTokens(),
		PostProcessor: hf.EndWith(t.pieces[t.eos].Text, t.eos)}
	var steps []hf.Component
	if len(t.model.Charsmap) > 0 {
		steps = append(steps, hf.Component{Type: hf.Precompiled, Charsmap: t.model.Charsmap})
	}
	if t.rules == Transformers {
		if len(steps) > 0 {
			f.Normalizer = &steps[0]
		}
		f.PreTokenizer = hf.Component{Type: "Sequence",
			PreTokenizers: []hf.Component{{Type: "WhitespaceSplit"}, metaspace}}
		f.Decoder, f.Model = metaspace, t.fastUnigram()
		return f
	}
	if slices.ContainsFunc(t.model.Pieces, func(p spiece.Piece) bool { return p.Type == spiece.User }) {
		metaspace.PrependScheme = hf.PrependFirst
	} else {
		steps = append(steps, hf.Component{Type: "Strip", StripLeft: true, StripRight: true})
	}
	steps = append(steps, hf.Component{Type: "Replace", Pattern: hf.Pattern{Regex: spaceRuns.String()}, Content: " "})
	f.Normalizer = &hf.Component{Type: "Sequence", Normalizers: steps}
	f.PreTokenizer, f.Decoder = metaspace, metaspace
	if t.bytes != nil {
		f.Decoder = hf.Component{Type: "Sequence", Decoders: []hf.Component{{Type: "ByteFallback"}, metaspace}}
	}
	if t.model.Kind == spiece.Unigram {
		f.Model = t.fastUnigram()
	} else {
		f.Model = t.fastBPE()
	}
	return f
}

func (t *Tokenizer) fastUnigram() hf.Unigram {
	m := hf.Unigram{Type: "Unigram", UnkID: t.unk, ByteFallback: t.bytes != nil}
	for i, p := range t.pieces[:t.known()] {
		p.Text = t.fastText(int32(i))
		m.Vocab = append(m.Vocab, hf.VocabPiece(p))
	}
	return m
}

// fastTokens lists the added tokens.
func (t *Tokenizer) fastTokens() []hf.Token {
	var list []hf.Token
	for _, a := range t.added {
		a.Content, a.Special = t.fastText(a.ID), t.isSpecial(t.pieces[a.ID])
		list = append(list, a)
	}
	return list
}

// fastBPE describes the pieces. SentencePiece merges any two neighbours that make a piece, whatever they are, so each
// way to divide a piece is a merge.
func (t *Tokenizer) fastBPE() hf.BPE {
	m := hf.BPE{
		Type: "BPE", Unk: t.tokenText(t.unk), FuseUnk: true, ByteFallback: t.bytes != nil,
		Vocab: make(map[string]int32), Merges: [][2]string{},
	}
	normals := []int32{}
	for i, p := range t.pieces {
		m.Vocab[t.fastText(int32(i))] = int32(i)
		if p.Type == spiece.Normal {
			normals = append(normals, int32(i))
		}
	}
	slices.SortStableFunc(normals, func(a, b int32) int { return cmp.Compare(t.pieces[b].Score, t.pieces[a].Score) })
	isNormal := func(text string) bool {
		id, ok := t.ids[text]
		return ok && t.pieces[id].Type == spiece.Normal
	}
	for _, id := range normals {
		text := t.pieces[id].Text
		for at := range text {
			if at > 0 && isNormal(text[:at]) && isNormal(text[at:]) {
				m.Merges = append(m.Merges, [2]string{text[:at], text[at:]})
			}
		}
	}
	return m
}

// fastText is what tokenizer.json calls a piece: sentinels have no ▁ in front there.
func (t *Tokenizer) fastText(id int32) string {
	text := t.pieces[id].Text
	if cut := strings.TrimPrefix(text, space); int(id) >= len(t.model.Pieces) && spiece.IsSentinel(cut) {
		return cut
	}
	return text
}
