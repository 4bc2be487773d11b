package tokenizer

import "testing"

func TestRoundTrip(t *testing.T) {
	t5, err := T5()
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := newByT5(125, nil, Transformers)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, decoded string
		loss          Loss
	}{
		{"positive", "positive", Unchanged},
		{"", "", Unchanged},
		{"two words.", "two words.", Unchanged},
		{`{"a": 1}`, `"a": 1`, Unknown},
		{"你好", "", Unknown},
		{"{\n", "", Unknown}, // the worst of two
		{"first line\nsecond", "first line second", WhiteSpace},
		{" yes", "yes", WhiteSpace},
		{"a  b", "a b", WhiteSpace},
		{"a\tb\r\nc", "a b c", WhiteSpace},
		{"ﬁne", "fine", Normalized},
		{"wait…", "wait...", Normalized},
		{"the end</s>", "the end", SpecialToken},
		{"<extra_id_0> is", "is", SpecialToken},
	} {
		decoded, loss := t5.RoundTrip(c.text, t5.Encode(c.text))
		if loss != c.loss || (c.loss != Unknown && decoded != c.decoded) {
			t.Errorf("%q: got %q with loss %d, want %q with %d", c.text, decoded, loss, c.decoded, c.loss)
		}
		if what, remedy := loss.Explain(); (what == "") != (loss == Unchanged) ||
			(remedy == "") != (loss == Unchanged) {
			t.Errorf("loss %d is explained by %q, %q", loss, what, remedy)
		}
		if decoded, loss := bytes.RoundTrip(c.text, bytes.Encode(c.text)); c.loss != SpecialToken &&
			(decoded != c.text || loss != Unchanged) {
			t.Errorf("bytes: %q: got %q with loss %d, want it unchanged", c.text, decoded, loss)
		}
	}
}
