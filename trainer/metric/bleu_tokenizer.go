package metric

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Tokenizer is how BLEU splits a text into tokens. Scores of different tokenizers cannot be compared.
type Tokenizer int

const (
	Tokenize13a  Tokenizer = iota // mteval-v13a.pl of the WMT campaigns: for languages of Latin script
	TokenizeIntl                  // mteval-v14.pl --international-tokenization: all punctuation and symbols of Unicode
	TokenizeChar                  // each character
	TokenizeZh                    // each Chinese character, the rest as 13a
	TokenizeNone                  // at white space: for texts that are tokenized
)

var tokenizerNames = [...]string{Tokenize13a: "13a", TokenizeIntl: "intl", TokenizeChar: "char", TokenizeZh: "zh", TokenizeNone: "none"}

func (t Tokenizer) String() string { return tokenizerNames[t] }

// ParseTokenizer returns the tokenizer of a name.
func ParseTokenizer(name string) (Tokenizer, error) {
	for t, n := range tokenizerNames {
		if n == name {
			return Tokenizer(t), nil
		}
	}
	return 0, fmt.Errorf("BLEU tokenizer %q is unknown, want one of %s", name, strings.Join(tokenizerNames[:], ", "))
}

// Split returns the tokens of a text, none of which is empty or holds white space.
func (t Tokenizer) Split(text string) []string {
	text = strings.TrimRightFunc(text, isSpace)
	switch t {
	case Tokenize13a:
		for _, r := range mteval13a {
			text = strings.ReplaceAll(text, r[0], r[1])
		}
		text = rewrite(" "+text+" ", western)
	case TokenizeIntl:
		text = rewrite(text, international)
	case TokenizeChar:
		text = strings.Join(strings.Split(text, ""), " ")
	case TokenizeZh:
		text = rewrite(spaceChinese(strings.TrimLeftFunc(text, isSpace)), western)
	}
	return fields(text)
}

// rule replaces all matches of a pattern, from left to right, none of which overlap.
type rule struct {
	pattern     *regexp.Regexp
	replacement string
}

func rewrite(text string, rules []rule) string {
	for _, r := range rules {
		text = r.pattern.ReplaceAllString(text, r.replacement)
	}
	return text
}

// mteval13a joins lines and reads entities, one pair after the other: "&amp;lt;" is "<".
var mteval13a = [][2]string{
	{"<skipped>", ""}, {"-\n", ""}, {"\n", " "},
	{"&quot;", `"`}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"},
}

// western is the part of mteval-v13a.pl for languages of Latin script.
var western = []rule{
	{regexp.MustCompile(`([{-~\[-\x60 -&(-+:-@/])`), " $1 "}, // ASCII punctuation but ' - , .
	{regexp.MustCompile(`([^0-9])([.,])`), "$1 $2 "},         // unless a digit is before it,
	{regexp.MustCompile(`([.,])([^0-9])`), " $1 $2"},         // or after it
	{regexp.MustCompile(`([0-9])(-)`), "$1 $2 "},
}

// international is mteval-v14.pl's. A number keeps a period that ends the text: the pattern wants something after it.
var international = []rule{
	{regexp.MustCompile(`(\P{N})(\p{P})`), "$1 $2 "},
	{regexp.MustCompile(`(\p{P})(\P{N})`), " $1 $2"},
	{regexp.MustCompile(`(\p{S})`), " $1 "},
}

// spaceChinese puts a space around each Chinese character.
func spaceChinese(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.Is(chinese, r) {
			b.WriteRune(' ')
			b.WriteRune(r)
			b.WriteRune(' ')
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// chinese are the characters that sacrebleu/tokenizers/tokenizer_zh.py takes for Chinese. It means the planes beyond
// U+FFFF where it has U+2001 to U+2A6D and U+2F81 to U+2FA1: these are punctuation, symbols and radicals, and scores are
// equal with them only.
var chinese = &unicode.RangeTable{R16: []unicode.Range16{
	{0x2001, 0x2a6d, 1}, {0x2e80, 0x2eff, 1}, {0x2f00, 0x2fdf, 1}, {0x2ff0, 0x2fff, 1}, {0x3000, 0x303f, 1},
	{0x3100, 0x312f, 1}, {0x31a0, 0x31bf, 1}, {0x31c0, 0x31ef, 1}, {0x3200, 0x33ff, 1}, {0x3400, 0x4db5, 1},
	{0x4e00, 0x9fbb, 1}, {0xf900, 0xfa2d, 1}, {0xfa30, 0xfa6a, 1}, {0xfa70, 0xfad9, 1}, {0xfe10, 0xfe1f, 1},
	{0xfe30, 0xfe4f, 1}, {0xff00, 0xffef, 1},
}}
