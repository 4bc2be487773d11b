package tokenizer

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"t5train/data/tokenizer/internal/hf"
)

// pipeline is what a tokenizer.json says to do with a stretch between added tokens, as far as the files of T5's family
// say it:
//
//	normalizer      Precompiled, Strip, Replace of runs of spaces
//	pre_tokenizer   WhitespaceSplit, Metaspace
//	decoder         ByteFallback, Metaspace
//
// "Precompiled; WhitespaceSplit, Metaspace; Metaspace" is the one of transformers' T5 tokenizer, which words.go follows
// in one pass over the text.
type pipeline struct {
	stripLeft, stripRight bool
	runs                  *string // what a run of two or more spaces becomes; nil: they stay
	normalized            *cutter // added tokens in normalised text

	whitespaceSplit bool
	prepend         hf.Prepend
	whole           bool // the text is segmented as a whole, not word by word

	byteFallback bool // unknown characters become bytes
	decodeBytes  bool // bytes become text again; otherwise they show as their pieces, such as <0x0A>
}

var spaceRuns = regexp.MustCompile(" {2,}")

// t5Pipeline is what words.go does.
func t5Pipeline() pipeline { return pipeline{whitespaceSplit: true, prepend: hf.PrependAlways} }

// appendStretch appends the ids of a stretch; first says that the text begins with it.
func (p *pipeline) appendStretch(dst []int32, t *Tokenizer, s *scratch, stretch string, first bool) []int32 {
	s.normal = t.normal.Rules.AppendPrecompiled(s.normal[:0], stretch)
	text := s.normal
	if !utf8.Valid(text) { // a rule of a damaged model may hold other bytes
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	if p.stripLeft {
		text = bytes.TrimLeftFunc(text, unicode.IsSpace)
	}
	if p.stripRight {
		text = bytes.TrimRightFunc(text, unicode.IsSpace)
	}
	if p.runs != nil {
		text = spaceRuns.ReplaceAllLiteral(text, []byte(*p.runs))
	}
	for rest := string(text); rest != ""; first = false {
		before, id, after, found := p.normalized.cut(rest)
		dst = p.appendNormalized(dst, t, s, before, first)
		if !found {
			break
		}
		dst = append(dst, id)
		rest = after
	}
	return dst
}

func (p *pipeline) appendNormalized(dst []int32, t *Tokenizer, s *scratch, text string, first bool) []int32 {
	if !p.whitespaceSplit {
		return p.appendMetaspace(dst, t, s, text, first)
	}
	for i, word := range strings.Fields(text) {
		begins := first && i == 0 && strings.HasPrefix(text, word)
		dst = p.appendMetaspace(dst, t, s, word, begins)
	}
	return dst
}

// appendMetaspace writes spaces as ▁, puts one in front and splits before each of them.
func (p *pipeline) appendMetaspace(dst []int32, t *Tokenizer, s *scratch, text string, first bool) []int32 {
	if text == "" {
		return dst
	}
	text = strings.ReplaceAll(text, " ", space)
	if (p.prepend == hf.PrependAlways || p.prepend == hf.PrependFirst && first) && !strings.HasPrefix(text, space) {
		text = space + text
	}
	for text != "" {
		end := strings.Index(text[1:], space) + 1 // the first ▁ may be the word's own
		if p.whole || end == 0 {
			end = len(text)
		}
		s.text = append(s.text[:0], text[:end]...)
		dst = t.unigram.Append(dst, &s.segment, s.text)
		text = text[end:]
	}
	return dst
}
