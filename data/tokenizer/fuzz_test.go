package tokenizer_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"t5train/data/tokenizer"
)

// seedModels covers every kind and setting that the parser knows.
func seedModels() [][]byte {
	spaces := map[protowire.Number]uint64{3: 0, 4: 0, 5: 0}
	more := append(letters(), testPiece{"[X]", 0, userPiece}, testPiece{"abc", -5, unusedPiece})
	rules := protowire.AppendTag(modelBytes(letters(), nil, nil), 3, protowire.BytesType)
	rules = protowire.AppendBytes(rules, append(
		protowire.AppendTag(nil, 2, protowire.BytesType), 13, 8, 0, 0, 0, 1, 2, 3, 4, 97, 1, 0, 0, 65))
	return [][]byte{
		nil,
		modelBytes(letters(), nil, nil),
		modelBytes(more, nil, nil),
		modelBytes(more, map[protowire.Number]uint64{3: 2}, nil),
		modelBytes(letters(), map[protowire.Number]uint64{24: 1}, spaces),
		modelBytes(letters(), map[protowire.Number]uint64{35: 1}, nil),
		rules,
	}
}

var seedTexts = []string{
	"", " ", "a b  c", "abc[X]ab", "<extra_id_0></s>x", "\xff\xfea", "é\u0301\u200d", "▁a▁▁", "\x00",
	"日本語 \U0001F1E9\U0001F1EA",
}

func FuzzNew(f *testing.F) {
	for _, raw := range seedModels() {
		f.Add(raw, "a b[X]é\xff")
	}
	f.Fuzz(func(t *testing.T, raw []byte, text string) {
		for _, rules := range []tokenizer.Rules{tokenizer.Transformers, tokenizer.SentencePiece} {
			tok, err := tokenizer.New(raw, tokenizer.Options{Rules: rules})
			if err != nil {
				continue
			}
			checkText(t, tok, text)
		}
	})
}

func FuzzEncode(f *testing.F) {
	var toks []*tokenizer.Tokenizer
	for _, raw := range seedModels()[1:5] {
		toks = append(toks, newTokenizer(f, raw, tokenizer.Options{ExtraIDs: 2}))
	}
	hf := t5(f)
	toks = append(toks, hf, newTokenizer(f, hf.Model(), tokenizer.Options{ExtraIDs: 100,
		Rules: tokenizer.SentencePiece}))
	for _, text := range seedTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, tok := range toks {
			checkText(t, tok, text)
		}
	})
}

// checkText holds for any text: ids are in range, do not depend on what was encoded before, and decode.
func checkText(t *testing.T, tok *tokenizer.Tokenizer, text string) {
	ids := tok.Encode(text)
	for _, id := range ids {
		if id < 0 || int(id) >= tok.VocabSize() {
			t.Fatalf("%q: id %d is outside [0, %d)", text, id, tok.VocabSize())
		}
	}
	tok.Encode("something else in between")
	if again := tok.Encode(text); !slices.Equal(ids, again) {
		t.Fatalf("%q: got %v, then %v", text, ids, again)
	}
	tok.Decode(ids, true)
	tok.Decode(ids, false)
}

// Whatever two model files hold, every token comes from tokens that are there, and of its own vocabulary from itself.
func FuzzOrigins(f *testing.F) {
	for _, raw := range seedModels() {
		f.Add(raw, seedModels()[2], 2)
		f.Add(seedModels()[3], raw, 0)
	}
	f.Fuzz(func(t *testing.T, raw, other []byte, extraIDs int) {
		heir, err := tokenizer.New(raw, tokenizer.Options{ExtraIDs: extraIDs})
		if err != nil {
			return
		}
		old, err := tokenizer.New(other, tokenizer.Options{})
		if err != nil {
			return
		}
		for id, o := range heir.Origins(old) {
			for _, from := range o.IDs {
				if from < 0 || int(from) >= old.VocabSize() {
					t.Fatalf("token %d comes from %d of %d", id, from, old.VocabSize())
				}
			}
			if one := len(o.IDs) == 1; !one && (o.Kind == tokenizer.Role || o.Kind == tokenizer.Shared) ||
				len(o.IDs) == 0 != (o.Kind == tokenizer.Untranslatable) {
				t.Fatalf("token %d of kind %d comes from %v", id, o.Kind, o.IDs)
			}
		}
		for id, o := range heir.Origins(heir) {
			if len(o.IDs) != 1 || int(o.IDs[0]) != id {
				t.Fatalf("token %d comes from %v of its own vocabulary", id, o.IDs)
			}
		}
	})
}
