package progress

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"t5train/data/tokenizer"
	"t5train/model/generate"
	"t5train/trainer/serve/protocol"
)

// tokenizers are those whose texts may change with their next token: half characters, bytes that make others no
// character, and spaces that clean_up_tokenization_spaces takes away.
func tokenizers(t testing.TB) map[string]*tokenizer.Tokenizer {
	t.Helper()
	five, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	vocabulary := [][2]any{{"<pad>", 0}, {"</s>", 0}, {"<unk>", 0}}
	for _, piece := range []string{"▁", "▁a", "b", "▁'", "'", "▁n", "n", "t", "'t", "n't", "▁'s", "s", "▁.", ".",
		"▁,", "▁?", "!", "▁'m", "v", "e", "▁'re", "é", "m", "r", "▁'v"} {
		vocabulary = append(vocabulary, [2]any{piece, -1})
	}
	for b := range 256 {
		vocabulary = append(vocabulary, [2]any{fmt.Sprintf("<0x%02X>", b), -9})
	}
	type object = map[string]any
	space := object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}
	file, err := json.Marshal(object{
		"model":         object{"type": "Unigram", "unk_id": 2, "vocab": vocabulary, "byte_fallback": true},
		"pre_tokenizer": space, "decoder": object{"type": "Sequence",
			"decoders": []object{{"type": "ByteFallback"}, space}},
		"post_processor": object{"type": "TemplateProcessing", "single": []object{
			{"Sequence": object{"id": "A", "type_id": 0}}, {"SpecialToken": object{"id": "</s>", "type_id": 0}}},
			"special_tokens": object{"</s>": object{"id": "</s>", "ids": []int{1}, "tokens": []string{"</s>"}}}},
		"added_tokens": []object{{"id": 0, "content": "<pad>", "special": true},
			{"id": 1, "content": "</s>", "special": true},
			{"id": 2, "content": "<unk>", "special": true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, text := range map[string]string{"tokenizer.json": string(file),
		"tokenizer_config.json": `{"clean_up_tokenization_spaces": true, "extra_ids": 0}`} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	small, err := tokenizer.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*tokenizer.Tokenizer{"ByT5": tokenizer.ByT5(), "T5": five, "cleaned up": small}
}

// told follows tokens one by one, and returns all that is told of them.
func told(t testing.TB, tok *tokenizer.Tokenizer, ids []int32, stop []string, tokens bool) (text string,
	whole *protocol.Sequence) {
	t.Helper()
	w := New(1, 1, Options{Tokenizer: tok, Spans: []bool{false}, Stop: stop, Tokens: tokens})
	one := w.Tellers(0)[0]
	for i, id := range ids {
		end := w.Step(0, generate.Step{Token: id, LogProb: -1, EOS: id == tok.EOS(), Last: i == len(ids)-1})
		if d, ok := one.Next(); ok {
			text += d.Text
			joined := ""
			for _, token := range d.Tokens {
				if !token.Special {
					joined += token.Text
				}
			}
			if tokens && joined != d.Text {
				t.Errorf("%v: the tokens say %q, the text %q", ids, joined, d.Text)
			}
			whole = d.Sequence
		}
		if end || id == tok.EOS() {
			break
		}
	}
	if whole == nil || !one.Done() {
		t.Fatalf("%v with stop %q does not end", ids, stop)
	}
	return text, whole
}

// What is told bit by bit is what the predictor gives at the end, whatever the tokens are.
func FuzzWatch(f *testing.F) {
	all := tokenizers(f)
	f.Add([]byte("it isn't. \xe2\x82\xac"), "")
	f.Add([]byte{4, 6, 4, 8, 10, 11, 14, 4, 16}, "b")
	f.Add([]byte{4, 28 + 0x61, 28 + 0xe2, 28 + 0x82, 28 + 0xac, 5}, "a")
	f.Add([]byte{4, 8, 9, 10, 25, 9, 26, 6, 9, 19}, "'t x")
	f.Add([]byte{5, 1, 5}, "")
	f.Add([]byte{3, 3, 3, 4}, " ")
	f.Add([]byte{48, 0, 200}, "0")
	f.Fuzz(func(t *testing.T, data []byte, stop string) {
		if len(data) == 0 || len(data) > 40 {
			return
		}
		var stops []string
		if stop != "" {
			stops = []string{stop}
		}
		for name, tok := range all {
			var ids []int32
			for i, b := range data {
				id := int32(b)
				if name == "T5" {
					id = int32(b)*125 + int32(i) // of all the vocabulary
				}
				ids = append(ids, id)
				if id == tok.EOS() {
					break
				}
			}
			for _, tokens := range []bool{false, true} {
				text, whole := told(t, tok, ids, stops, tokens)
				want, stopped := "", false
				for n := 1; n <= len(ids) && !stopped; n++ { // as the steps come
					kept := ids[:n]
					if kept[n-1] == tok.EOS() {
						kept = kept[:n-1]
					}
					want, stopped = CutAt(tok.Decode(kept, true), stops, false)
				}
				if text != want || whole.Text != want || (whole.End == protocol.Stopped) != stopped {
					t.Errorf("%s %v with stop %q: told %q, whole %q, want %q", name, ids, stop, text, whole.Text, want)
				}
			}
		}
	})
}

// Where the options leave no token, the end tells what was held back for the next one.
func TestEndWithoutToken(t *testing.T) {
	tok := tokenizer.ByT5()
	for _, tokens := range []bool{false, true} {
		w := New(1, 1, Options{Tokenizer: tok, Spans: []bool{false}, Tokens: tokens})
		one, text := w.Tellers(0)[0], ""
		for _, id := range tok.Encode("a n") {
			w.Step(0, generate.Step{Token: id})
			d, _ := one.Next()
			text += d.Text
		}
		w.Step(0, generate.Step{Token: -1, Last: true})
		d, ok := one.Next()
		if text != "a" || !ok || d.Text != " n" || len(d.Tokens) > 0 || d.Sequence.Text != "a n" ||
			d.Sequence.Count != 3 || d.Sequence.End != protocol.Length {
			t.Errorf("tokens %v: told %q, then %+v", tokens, text, d)
		}
	}
}

// The token that ends a text is special, and so are others that are no text.
func TestSpecialTokens(t *testing.T) {
	for name, tok := range tokenizers(t) {
		w := New(1, 1, Options{Tokenizer: tok, Spans: []bool{false}, Tokens: true})
		for _, id := range tok.Encode("a") {
			w.Step(0, generate.Step{Token: id})
		}
		w.Step(0, generate.Step{Token: tok.EOS(), EOS: true, Last: true})
		d, _ := w.Tellers(0)[0].Next()
		last := d.Tokens[len(d.Tokens)-1]
		if !last.Special || last.Text != "</s>" || d.Text != "a" || d.Tokens[0].Special {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// Of several texts the first one ends an output, and it is cut there or behind it.
func TestCutAt(t *testing.T) {
	for _, c := range []struct {
		text string
		stop []string
		keep bool
		want string
		cut  bool
	}{
		{"one two three", []string{"three", "two"}, false, "one ", true},
		{"one two three", []string{"three", "two"}, true, "one two", true},
		{"one", []string{"two"}, true, "one", false},
		{"one", nil, false, "one", false}, {"one", []string{"one"}, false, "", true},
	} {
		if got, cut := CutAt(c.text, c.stop, c.keep); got != c.want || cut != c.cut {
			t.Errorf("%+v: %q, %v", c, got, cut)
		}
	}
}
