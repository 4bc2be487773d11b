package tokenizer

import (
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// appendPrecompiled appends the normalised form of text, which is valid UTF-8.
//
// The tokenizers library (normalizers/precompiled.rs) normalises by grapheme cluster: a cluster below 6 bytes whose
// start has a rule is replaced as a whole, the others go character by character. So "ﬁ" with an accent becomes "fi" and
// loses the accent; a model trained through that library has seen it so.
func (c *charsmap) appendPrecompiled(dst []byte, text string) []byte {
	for text != "" {
		if b := text[0]; b < utf8.RuneSelf && (len(text) == 1 || text[1] < utf8.RuneSelf) {
			dst = append(dst, c.ascii[b]...)
			text = text[1:]
			continue
		}
		cluster, rest, _, _ := uniseg.FirstGraphemeClusterInString(text, -1)
		text = rest
		if len(cluster) < 6 {
			if s, ok := c.shortest(cluster); ok {
				dst = append(dst, s...)
				continue
			}
		}
		for cluster != "" {
			_, size := utf8.DecodeRuneInString(cluster)
			s, ok := c.shortest(cluster[:size])
			if !ok {
				s = cluster[:size]
			}
			dst = append(dst, s...)
			cluster = cluster[size:]
		}
	}
	return dst
}
