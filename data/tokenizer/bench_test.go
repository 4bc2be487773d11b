package tokenizer_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"t5train/data/tokenizer"
)

const english = "In this paper, we explore the landscape of transfer learning techniques for NLP by introducing a " +
	"unified framework that converts all text-based language problems into a text-to-text format (with 20% less " +
	"effort). "

func BenchmarkEncode(b *testing.B) {
	tok := t5(b)
	seqio, err := tok.WithRules(tokenizer.SentencePiece)
	if err != nil {
		b.Fatal(err)
	}
	mixed := english + "Der Ausschuß prüfte die Ergebnisse – sechs Länder, drei Währungen. Комиссия 委員会は結果を審査した。"
	for _, bb := range []struct {
		name string
		tok  *tokenizer.Tokenizer
		text string
	}{
		{"transformers", tok, english}, {"transformers, mixed scripts", tok, mixed},
		{"sentencepiece", seqio, english}, {"sentencepiece, mixed scripts", seqio, mixed},
		{"pipeline of a file", pipelineTokenizer(b), mixed}, {"ByT5", tokenizer.ByT5(), english},
	} {
		b.Run(bb.name, func(b *testing.B) {
			text := strings.Repeat(bb.text, 20)
			ids := bb.tok.Encode(text)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				ids = bb.tok.AppendEncode(ids[:0], text)
			}
		})
	}
}

// pipelineTokenizer has T5's vocabulary and the pipeline of transformers 4's converted files.
func pipelineTokenizer(b *testing.B) *tokenizer.Tokenizer {
	b.Helper()
	files, err := t5(b).Files()
	if err != nil {
		b.Fatal(err)
	}
	i := slices.IndexFunc(files, func(f tokenizer.File) bool { return f.Name == "tokenizer.json" })
	var file object
	if err := json.Unmarshal(files[i].Data, &file); err != nil {
		b.Fatal(err)
	}
	file["normalizer"] = object{"type": "Sequence", "normalizers": []any{
		file["normalizer"], object{"type": "Strip", "strip_right": true}, object{"type": "Replace",
			"pattern": object{"Regex": " {2,}"}, "content": "▁"},
	}}
	file["pre_tokenizer"] = object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}
	raw, err := json.Marshal(file)
	if err != nil {
		b.Fatal(err)
	}
	tok, err := loadFast(b, raw, "")
	if err != nil {
		b.Fatal(err)
	}
	return tok
}

func BenchmarkT5(b *testing.B) {
	for b.Loop() {
		if _, err := tokenizer.T5(); err != nil {
			b.Fatal(err)
		}
	}
}
