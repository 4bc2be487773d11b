package tokenizer_test

import (
	"strings"
	"testing"

	"t5train/data/tokenizer"
)

const english = "In this paper, we explore the landscape of transfer learning techniques for NLP by introducing a " +
	"unified framework that converts all text-based language problems into a text-to-text format (with 20% less effort). "

func BenchmarkEncode(b *testing.B) {
	tok := t5(b)
	text := strings.Repeat(english, 20)
	ids := tok.Encode(text)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		ids = tok.AppendEncode(ids[:0], text)
	}
}

func BenchmarkT5(b *testing.B) {
	for b.Loop() {
		if _, err := tokenizer.T5(); err != nil {
			b.Fatal(err)
		}
	}
}
