package normalize

import (
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Charsmap holds a model's normalisation rules "this byte sequence becomes that text": for T5 nmt_nfkc, which is
// Unicode NFKC, with odd spaces made plain ones and control characters dropped. It never changes.
//
// The file stores them as a darts-clone double array (each unit: 8 bits label, 1 bit "a rule ends here", 22 bits
// offset to the children) followed by the replacements, each closed by a zero byte.
type Charsmap struct {
	raw   []byte
	units []uint32
	texts string
	ascii [utf8.RuneSelf]string // what becomes of an ASCII character that stands alone
}

// NewCharsmap reads the rules of a model file, which may be none. blob must not change afterwards.
func NewCharsmap(blob []byte) (*Charsmap, error) {
	c := &Charsmap{raw: blob}
	if len(blob) > 0 {
		if len(blob) < 4 {
			return nil, errors.New("the SentencePiece model's normalization rules are damaged: too short")
		}
		size := uint64(binary.LittleEndian.Uint32(blob))
		blob = blob[4:]
		if size == 0 || size%4 != 0 || size > uint64(len(blob)) {
			return nil, errors.New("the SentencePiece model's normalization rules are damaged: their index does not " +
				"fit")
		}
		c.units = make([]uint32, size/4)
		for i := range c.units {
			c.units[i] = binary.LittleEndian.Uint32(blob[4*i:])
		}
		c.texts = string(blob[size:])
	}
	for i := range c.ascii {
		s := string(rune(i))
		if text, ok := c.shortest(s); ok {
			s = text
		}
		c.ascii[i] = s
	}
	return c, nil
}

// Raw returns the rules as a model file holds them. They must not be changed.
func (c *Charsmap) Raw() []byte { return c.raw }

// longest returns the replacement of the longest rule that s starts with, and the bytes of s it replaces (0: no rule).
// SentencePiece applies rules so.
func (c *Charsmap) longest(s string) (text string, size int) {
	at := -1
	c.match(s, func(value uint32, n int) bool {
		at, size = int(value), n
		return true
	})
	return c.text(at), size
}

// shortest returns the replacement of the shortest rule that s starts with. Hugging Face's tokenizers library applies
// it to the whole of s, even if the rule covers less.
func (c *Charsmap) shortest(s string) (text string, ok bool) {
	at := -1
	c.match(s, func(value uint32, _ int) bool {
		at = int(value)
		return false
	})
	return c.text(at), at >= 0
}

// match calls yield with every rule that s starts with, shortest first: where its replacement lies in texts, and
// the rule's length. A damaged index ends the walk.
func (c *Charsmap) match(s string, yield func(value uint32, size int) bool) {
	if len(c.units) == 0 {
		return
	}
	pos := childOffset(c.units[0])
	for i := 0; i < len(s) && s[i] != 0; i++ {
		pos ^= uint32(s[i])
		if uint64(pos) >= uint64(len(c.units)) {
			return
		}
		unit := c.units[pos]
		if unit&(1<<31|0xff) != uint32(s[i]) {
			return
		}
		pos ^= childOffset(unit)
		if unit>>8&1 == 0 {
			continue
		}
		if uint64(pos) >= uint64(len(c.units)) || !yield(c.units[pos]&(1<<31-1), i+1) {
			return
		}
	}
}

// childOffset is DoubleArrayUnit::offset of darts-clone: bit 9 makes the offset count 256s.
func childOffset(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }

func (c *Charsmap) text(at int) string {
	if at < 0 || at >= len(c.texts) {
		return ""
	}
	text, _, _ := strings.Cut(c.texts[at:], "\x00")
	return text
}

// AppendPrecompiled appends the normalised form of text, which is valid UTF-8.
//
// The tokenizers library (normalizers/precompiled.rs) normalises by grapheme cluster: a cluster below 6 bytes whose
// start has a rule is replaced as a whole, the others go character by character. So "ﬁ" with an accent becomes "fi" and
// loses the accent; a model trained through that library has seen it so.
func (c *Charsmap) AppendPrecompiled(dst []byte, text string) []byte {
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
