package normalize

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

// The checksums are those of the files that SentencePiece 0.2.3 carries.
func TestRulesAreThoseOfSentencePiece(t *testing.T) {
	want := map[string]string{
		"nmt_nfkc":    "1e2c7b43d3ee9755",
		"nfkc":        "7e46d9e08af4b6a3",
		"nmt_nfkc_cf": "2c03512e62f9ed96",
		"nfkc_cf":     "d8dfef3d6db0eef0",
		identity:      "e3b0c44298fc1c14", // of nothing
	}
	for _, name := range Names() {
		n, err := New(name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(n.Rules.Raw())
		if got := hex.EncodeToString(sum[:8]); got != want[name] {
			t.Errorf("%s: got a charsmap with the checksum %s, want %s", name, got, want[name])
		}
	}
}

func TestNormalizer(t *testing.T) {
	const text = " ＡB\tﬁ  Straße\u200bx "
	for name, want := range map[string]string{
		"nmt_nfkc":    "▁AB▁fi▁Straße▁x",
		"nfkc":        "▁AB\tfi▁Straße\u200bx",
		"nmt_nfkc_cf": "▁ab▁fi▁straße▁x",
		"nfkc_cf":     "▁ab\tfi▁straße\u200bx",
		"identity":    "▁ＡB\tﬁ▁Straße\u200bx",
	} {
		n, err := New(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(n.Append(nil, text)); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if _, err := New("nfc"); err == nil || !strings.Contains(err.Error(), "want one of nmt_nfkc, nfkc") {
		t.Errorf("unknown rules: got error %v", err)
	}
}
