package vocabulary

import (
	"cmp"
	"slices"
	"unicode"
	"unicode/utf8"
)

const (
	space = '▁' // U+2581, stands for a space
	rare  = '▅' // U+2585, stands for a character that becomes no piece; lines that have it are left out
)

// alphabet is the characters that become pieces, the frequent ones first.
type alphabet struct {
	chars   []char
	of      map[rune]int32 // number of each character
	leftOut []Character    // those that become no piece, the frequent ones first
}

type char struct {
	r      rune
	count  int64
	script int32 // anyScript for what goes with every script
	digit  bool
}

const (
	anyScript       int32 = -1
	inheritedScript int32 = -2 // the script of the character before
)

// newAlphabet takes the most frequent characters until they make up the coverage of all that the units hold.
func newAlphabet(c *counts, o Options) *alphabet {
	found := map[rune]int64{}
	var ascii [utf8.RuneSelf]int64
	total := int64(0)
	for _, u := range c.units {
		for text := c.of(u); len(text) > 0; {
			r, size := utf8.DecodeRune(text)
			text = text[size:]
			if r < utf8.RuneSelf {
				ascii[r] += u.count
			} else {
				found[r] += u.count
			}
		}
	}
	for r, n := range ascii {
		if n > 0 {
			found[rune(r)] = n
		}
	}
	delete(found, 0)
	all := make([]char, 0, len(found))
	for r, n := range found {
		all = append(all, char{r: r, count: n})
		total += n
	}
	slices.SortFunc(all, func(a, b char) int { return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.r, b.r)) })

	a := &alphabet{of: map[rune]int32{}}
	covered := int64(0)
	scripts := scriptNumbers()
	for _, ch := range all {
		// In float32, as spm_train has it; but 1 is all of them, where that would round in a long text.
		full := o.CharacterCoverage < 1 && float32(float64(covered)/float64(total)) >= float32(o.CharacterCoverage)
		covered += ch.count
		switch {
		case ch.r == boundary || ch.r == rare:
			continue
		case full:
			a.leftOut = append(a.leftOut, Character{ch.r, ch.count})
			continue
		}
		ch.digit = isDigit(ch.r)
		ch.script = scripts.of(ch.r)
		if ch.digit && !o.SplitByNumber {
			ch.script = anyScript
		}
		a.of[ch.r] = int32(len(a.chars))
		a.chars = append(a.chars, ch)
	}
	return a
}

// code returns the number of the character that a text begins with, codeRare where it is none of the alphabet's, and
// its bytes.
func (a *alphabet) code(text []byte) (code int32, size int) {
	r, size := utf8.DecodeRune(text)
	if code, ok := a.of[r]; ok {
		return code, size
	}
	return codeRare, size
}

// isDigit knows the digits that spm_train knows: ASCII's and the full-width ones.
func isDigit(r rune) bool { return r >= '0' && r <= '9' || r >= '０' && r <= '９' }

// scripts numbers Unicode's scripts. Characters of none are of the script Common, as in SentencePiece.
type scripts struct {
	names []string
}

func scriptNumbers() scripts {
	var s scripts
	for name := range unicode.Scripts {
		s.names = append(s.names, name)
	}
	slices.Sort(s.names)
	return s
}

// of returns the script of a character. Japanese mixes three scripts in a word: they count as one.
func (s scripts) of(r rune) int32 {
	name := "Common"
	switch {
	case r == 'ー' || unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han):
		name = "Han"
	case unicode.Is(unicode.Latin, r):
		name = "Latin"
	default:
		for _, n := range s.names {
			if unicode.Is(unicode.Scripts[n], r) {
				name = n
				break
			}
		}
	}
	if name == "Inherited" {
		return inheritedScript
	}
	n, _ := slices.BinarySearch(s.names, name)
	return int32(n)
}

// shape is what a beginning of a piece is made of: enough to decide whether another character may follow.
type shape struct {
	length int32
	script int32
	digit  bool // it holds one
	space  bool // it ends in one
}

var noShape = shape{script: anyScript}

// with returns the shape with one more character; ok is false where no piece may begin so.
func (s shape) with(ch char, o *Options) (next shape, ok bool) {
	next = shape{length: s.length + 1, script: s.script, digit: s.digit || ch.digit}
	if int(next.length) > o.MaxPieceLength || next.length > 1 && next.digit && o.SplitDigits {
		return next, false
	}
	if ch.r == space {
		next.space = true
		return next, s.length == 0 || !o.SplitByWhitespace
	}
	script := ch.script
	if script == inheritedScript {
		script = s.script
	}
	if o.SplitByUnicodeScript && script != anyScript && s.script != anyScript && script != s.script {
		return next, false
	}
	next.script = script
	return next, true
}

// piece reports whether a text of this shape may be a piece: a space ends none but the space itself.
func (s shape) piece() bool { return s.length == 1 || !s.space }

// mark replaces the characters that are not in the alphabet by rare, and joins the units that become equal by it.
func (a *alphabet) mark(c *counts) *counts {
	marked := newCounts()
	var text []byte
	for _, u := range c.units {
		text = text[:0]
		for from := c.of(u); len(from) > 0; {
			r, size := utf8.DecodeRune(from)
			from = from[size:]
			if _, ok := a.of[r]; !ok {
				r = rare
			}
			text = utf8.AppendRune(text, r)
		}
		marked.add(text, u.count, u.last)
	}
	return marked
}
