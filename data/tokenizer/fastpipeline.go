package tokenizer

import (
	"cmp"
	"slices"
	"strings"
)

// opensByPipeline tells whether the tokenizers library follows a model that transformers' T5 tokenizer cannot express,
// if tokenizer.json tells it how: BPE, byte fallback, user-defined symbols.
func (t *Tokenizer) opensByPipeline() bool {
	m := t.model
	return t.rules == SentencePiece && (t.kind == bpe || t.kind == unigram) && !m.fitsTransformers() &&
		m.dummyPrefix && m.squeeze && m.escape && !m.spaceSuffix && t.eos >= 0 && len(m.late) == 0 &&
		m.pipeline == nil &&
		!slices.ContainsFunc(m.pieces, func(p piece) bool { return p.kind == UnusedPiece })
}

// fastPipeline describes such a tokenizer. A plain text gets the same pieces as from SentencePiece.
//
// The library treats the parts between symbols one by one. Without user-defined symbols a part loses the blanks at its
// ends and gets a ▁ in front, as transformers' T5 tokenizer does around sentinels. With them the first part alone gets
// it, so that a symbol may stand within a word; then blanks at the ends of the whole text stay, too.
func (t *Tokenizer) fastPipeline() fastTokenizer {
	f := t.fastFrame()
	symbols := slices.ContainsFunc(t.model.pieces, func(p piece) bool { return p.kind == UserPiece })
	steps := []fastNormalizer{}
	if len(t.model.charsmap) > 0 {
		steps = append(steps, fastNormalizer{Type: precompiledType, Charsmap: t.model.charsmap})
	}
	metaspace := fastStep{Type: "Metaspace", Replacement: space, PrependScheme: "first",
		Split: new(t.model.isWordwise())}
	if !symbols {
		metaspace.PrependScheme = "always"
		steps = append(steps, fastNormalizer{Type: "Strip", StripLeft: true, StripRight: true})
	}
	steps = append(steps, fastNormalizer{Type: "Replace", Pattern: &fastPattern{blankRuns.String()}, Content: " "})
	f.Normalizer = &fastNormalizer{Type: "Sequence", Steps: steps}
	f.PreTokenizer = metaspace
	f.Decoder = metaspace
	if t.bytes != nil {
		f.Decoder = fastStep{Type: "Sequence", Decoders: []fastStep{{Type: "ByteFallback"}, metaspace}}
	}
	if t.kind == unigram {
		f.Model = t.fastUnigram()
	} else {
		f.Model = t.fastBPE()
	}
	return f
}

// fastBPE is a BPE model of the library: its merges are pairs of pieces, the first first.
type fastBPE struct {
	Type         string           `json:"type"`
	Unk          string           `json:"unk_token"`
	FuseUnk      bool             `json:"fuse_unk"`
	ByteFallback bool             `json:"byte_fallback"`
	Vocab        map[string]int32 `json:"vocab"`
	Merges       [][2]string      `json:"merges"`
}

// fastBPE describes the pieces. SentencePiece merges any two neighbours that make a piece, whatever they are, so each
// way to divide a piece is a merge.
func (t *Tokenizer) fastBPE() fastBPE {
	m := fastBPE{
		Type: "BPE", Unk: t.tokenText(t.unk), FuseUnk: true, ByteFallback: t.bytes != nil,
		Vocab: make(map[string]int32), Merges: [][2]string{},
	}
	normals := []int32{}
	for i, p := range t.pieces {
		m.Vocab[t.fastText(int32(i))] = int32(i)
		if p.kind == NormalPiece {
			normals = append(normals, int32(i))
		}
	}
	slices.SortStableFunc(normals, func(a, b int32) int { return cmp.Compare(t.pieces[b].score, t.pieces[a].score) })
	isNormal := func(text string) bool {
		id, ok := t.ids[text]
		return ok && t.pieces[id].kind == NormalPiece
	}
	for _, id := range normals {
		text := t.pieces[id].text
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
	text := t.pieces[id].text
	if cut := strings.TrimPrefix(text, space); int(id) >= len(t.model.pieces) && isSentinel(cut) {
		return cut
	}
	return text
}
