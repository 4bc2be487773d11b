package tokenizer

import (
	"slices"
	"strings"
)

// Loss is what a text loses when it is encoded and decoded again, so what a model that writes these tokens cannot
// write.
type Loss uint8

// The losses, the worst first. A text with several has the first of them.
const (
	Unchanged    Loss = iota
	Unknown           // characters become the unknown token
	SpecialToken      // text such as </s> or <extra_id_0> is taken for the token of that name
	WhiteSpace        // line ends, tabs, runs of spaces, spaces at the ends
	Normalized        // characters become others, as ﬁ becomes fi
	Losses            // their number
)

// RoundTrip decodes the ids that text was encoded to, as answers are decoded, and returns how the result differs from
// it.
func (t *Tokenizer) RoundTrip(text string, ids []int32) (decoded string, loss Loss) {
	decoded = t.Decode(ids, true)
	switch {
	case slices.Contains(ids, t.unk):
		return decoded, Unknown
	case decoded == text:
		return decoded, Unchanged
	case slices.ContainsFunc(ids, t.Structural):
		return decoded, SpecialToken
	case slices.Equal(strings.Fields(decoded), strings.Fields(text)):
		return decoded, WhiteSpace
	}
	return decoded, Normalized
}

// Explain says what happens to a target with this loss, and what to do about it.
func (l Loss) Explain() (what, remedy string) {
	const own = "a vocabulary of your own (%, then convert.tokenizer)"
	switch l {
	case Unknown:
		return "have characters that the vocabulary lacks, which the model can neither learn nor write",
			"replace the characters, or choose another model, such as ByT5 or mT5, or " +
				strings.Replace(own, "%", "vocabulary.byte_fallback", 1)
	case SpecialToken:
		return "hold the text of a special token, which is taken for that token and not written as text",
			"spell it in another way, such as with spaces inside"
	case WhiteSpace:
		return "come back with other white space: line ends, tabs and runs of spaces become one space, and those at " +
				"the ends go",
			"write a mark of your own in place of a line end, such as |, trim the targets, or choose a model of " +
				"bytes, ByT5"
	case Normalized:
		return "come back with other characters, which the vocabulary normalizes",
			"write the targets as they come back, or choose a model of bytes, ByT5, or " +
				strings.Replace(own, "%", "vocabulary.normalization identity", 1)
	}
	return "", ""
}
