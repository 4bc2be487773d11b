package evaluate

import (
	"testing"

	"t5train/data/objective"
	"t5train/data/tokenizer"
)

func TestFillGaps(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	encode := func(text string) []int32 { return append(tok.Encode(text), tok.EOS()) }
	for _, test := range []struct{ name, input, target, output, want string }{
		{"two spans", "The <extra_id_0> fox jumps <extra_id_1> dog.", "<extra_id_0> quick brown<extra_id_1> over the",
			"<extra_id_0> red<extra_id_1> over the",
			"The [quick brown -> red] fox jumps [over the -> over the] dog."},
		{"nothing to say", "The <extra_id_0> fox", "<extra_id_0> quick", "", "The [quick -> ] fox"},
		{"a span at the beginning", "<extra_id_0> fox jumps <extra_id_1>", "The quick<extra_id_0> over",
			"A<extra_id_0> off",
			"[The quick -> A] fox jumps [over -> off]"},
		{"punctuation", "un<extra_id_0>, he said", "<extra_id_0>, yes", "<extra_id_0>!", "un [, yes -> !] , he said"},
		{"no spans", "The quick", "brown fox", "dog", "The quick [brown fox -> dog]"},
		{"too many answers", "a <extra_id_0>", "<extra_id_0> b", "x<extra_id_0> b<extra_id_1> c", "a [b -> b]"},
	} {
		if got := fillSpans(tok, objective.VocabularyOf(tok), encode(test.input), encode(test.target),
			encode(test.output)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
