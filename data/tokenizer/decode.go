package tokenizer

import (
	"strings"
	"unicode/utf8"

	"t5train/data/tokenizer/internal/hf"
	"t5train/data/tokenizer/internal/spiece"
)

// Decode returns the text of ids. skipSpecial drops control tokens, unknown tokens and sentinels; otherwise they show
// as the rules say. An id out of range is an unknown token.
func (t *Tokenizer) Decode(ids []int32, skipSpecial bool) string {
	if t.isByT5() {
		return t.decodeBytes(ids, skipSpecial)
	}
	text := t.decode(ids, skipSpecial)
	if t.model.cleanUp && t.rules == Transformers {
		for _, pair := range cleanUps {
			text = strings.ReplaceAll(text, pair[0], pair[1])
		}
	}
	return text
}

// cleanUps are the replacements of clean_up_tokenization of transformers, one after the other.
var cleanUps = [...][2]string{
	{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"}, {" 's",
		"'s"}, {" 've", "'ve"}, {" 're", "'re"},
}

func (t *Tokenizer) decode(ids []int32, skipSpecial bool) string {
	d := decoder{t: t}
	for _, id := range ids {
		p := t.piece(id)
		if skipSpecial && t.isSpecial(p) {
			continue
		}
		if t.rules == Transformers {
			if text, ok := t.shown[id]; ok {
				p.Text = text
			}
			d.writeTransformers(p)
		} else {
			d.writeSentencePiece(p)
		}
	}
	if t.rules == Transformers {
		d.flushRun()
	} else {
		d.flushBytes()
	}
	return d.out.String()
}

type decoder struct {
	t       *Tokenizer
	out     strings.Builder
	started bool   // the first piece, or the space that normalisation put in front, is behind
	bytes   []byte // byte pieces that may form a character together
}

// writeTransformers: every ▁ is a space, except in the first piece, where it goes (decoders.Metaspace).
func (d *decoder) writeTransformers(p spiece.Piece) {
	pipe := d.t.pipeline
	if pipe != nil && pipe.decodeBytes && p.Type == spiece.Byte {
		b, _ := spiece.ByteOf(p.Text)
		d.bytes = append(d.bytes, b)
		return
	}
	d.flushRun()
	gap := " "
	if !d.started && (pipe == nil || pipe.prepend != hf.PrependNever) {
		gap = ""
	}
	d.started = true
	d.out.WriteString(strings.ReplaceAll(p.Text, space, gap))
}

// writeSentencePiece follows SentencePieceProcessor::Decode: control tokens show nothing, and one ▁ goes from the first
// piece; from each of the first ones, if the model squeezes spaces.
func (d *decoder) writeSentencePiece(p spiece.Piece) {
	if p.Type == spiece.Byte {
		b, _ := spiece.ByteOf(p.Text)
		d.bytes = append(d.bytes, b)
		return
	}
	d.flushBytes()
	switch p.Type {
	case spiece.Control:
		return
	case spiece.Unknown:
		d.out.WriteString(d.t.model.UnkSurface)
		return
	}
	text := p.Text
	n := d.t.normal
	if !d.started && d.out.Len() == 0 && (n.DummyPrefix || n.Squeeze) {
		var cut bool
		text, cut = strings.CutPrefix(text, space)
		d.started = cut && !n.Squeeze
	}
	d.out.WriteString(strings.ReplaceAll(text, space, " "))
}

// flushRun writes the collected bytes: U+FFFD for each, if they are no text together (decoders.ByteFallback).
func (d *decoder) flushRun() {
	if len(d.bytes) == 0 {
		return
	}
	d.started = true
	if utf8.Valid(d.bytes) {
		d.out.Write(d.bytes)
	} else {
		d.out.WriteString(strings.Repeat("\uFFFD", len(d.bytes)))
	}
	d.bytes = d.bytes[:0]
}

// flushBytes writes the collected bytes, U+FFFD for each that is part of no character.
func (d *decoder) flushBytes() {
	for b := d.bytes; len(b) > 0; {
		r, size := utf8.DecodeRune(b)
		d.out.WriteRune(r)
		b = b[size:]
	}
	d.bytes = d.bytes[:0]
}
