package normalize

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

// names are those of packedRules, in its order.
var names = []string{"nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf"}

const identity = "identity"

// Names lists SentencePiece's normalisation rules, the default first: NFKC, with what neural translation has found
// useful (nmt: odd spaces become plain ones, control characters go), with upper case folded to lower (cf), or none.
func Names() []string { return append(slices.Clone(names), identity) }

// packedRules are the rules, compressed by brotli. Of each the length of its charsmap comes first (uint32,
// little-endian), then the charsmap as [Charsmap] describes it, but with the first bytes of all units of its index
// before all second bytes, and so on: so they compress better.
//
//go:embed rules/charsmaps.br
var packedRules string

// unpack returns the charsmaps in the order of names.
var unpack = sync.OnceValues(func() ([][]byte, error) {
	raw, err := io.ReadAll(brotli.NewReader(strings.NewReader(packedRules)))
	if err != nil {
		return nil, err
	}
	maps := make([][]byte, len(names))
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

// New returns a [Normalizer] with SentencePiece's default settings and the rules of a name that [Names] lists.
func New(rules string) (*Normalizer, error) {
	var blob []byte
	if rules != identity {
		i := slices.Index(names, rules)
		if i < 0 {
			return nil, fmt.Errorf("normalization rules %q: want one of %s", rules, strings.Join(Names(), ", "))
		}
		maps, err := unpack()
		if err != nil {
			return nil, fmt.Errorf("unpack normalization rules: %w", err)
		}
		blob = maps[i]
	}
	c, err := NewCharsmap(blob)
	return &Normalizer{Rules: c, DummyPrefix: true, Squeeze: true, Space: "▁"}, err
}
