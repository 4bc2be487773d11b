package tokenizer

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// ruleNames are those of packedRules, in its order.
var ruleNames = []string{"nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf"}

const identityRules = "identity"

// RuleNames lists SentencePiece's normalisation rules, the default first: NFKC, with what neural translation has found
// useful (nmt: odd blanks to plain ones, control characters to nothing), with upper case folded to lower (cf), or none.
func RuleNames() []string { return append(slices.Clone(ruleNames), identityRules) }

// packedRules are the rules, compressed by brotli. Of each the length of its charsmap comes first (uint32,
// little-endian), then the charsmap as [charsmap] describes it, but with the first bytes of all units of its index
// before all second bytes, and so on: so they compress better.
//
//go:embed rules/charsmaps.br
var packedRules string

// unpackRules returns the charsmaps in the order of ruleNames.
var unpackRules = sync.OnceValues(func() ([][]byte, error) {
	raw, err := io.ReadAll(brotli.NewReader(strings.NewReader(packedRules)))
	if err != nil {
		return nil, err
	}
	maps := make([][]byte, len(ruleNames))
	for i := range maps {
		size := binary.LittleEndian.Uint32(raw)
		packed := raw[4 : 4+size]
		raw = raw[4+size:]
		index := int(binary.LittleEndian.Uint32(packed))
		maps[i] = bytes.Clone(packed)
		for at := range index {
			maps[i][4+at/(index/4)+at%(index/4)*4] = packed[4+at]
		}
	}
	return maps, nil
})

// Normalizer prepares text as SentencePiece does with its default settings: by the rules of a name, blanks at both ends
// left out, runs of blanks made one, ▁ for each and one in front.
type Normalizer struct {
	charsmap []byte
	normal   normalizer
}

// NewNormalizer returns a normalizer of rules that [RuleNames] lists. It is safe for concurrent use.
func NewNormalizer(rules string) (*Normalizer, error) {
	n := &Normalizer{}
	if rules != identityRules {
		i := slices.Index(ruleNames, rules)
		if i < 0 {
			return nil, fmt.Errorf("normalization rules %q: want one of %s", rules, strings.Join(RuleNames(), ", "))
		}
		maps, err := unpackRules()
		if err != nil {
			return nil, fmt.Errorf("unpack normalization rules: %w", err)
		}
		n.charsmap = maps[i]
	}
	c, err := newCharsmap(n.charsmap)
	if err != nil {
		return nil, err
	}
	n.normal = normalizer{rules: c, dummyPrefix: true, squeeze: true, blank: space}
	return n, nil
}

// Charsmap returns the rules as a model file holds them, nil for identity. They must not be changed.
func (n *Normalizer) Charsmap() []byte { return n.charsmap }

// Append appends the normalised text to dst: "Hello  world " becomes "▁Hello▁world". It is valid UTF-8.
func (n *Normalizer) Append(dst []byte, text string) []byte { return n.normal.append(dst, text) }
