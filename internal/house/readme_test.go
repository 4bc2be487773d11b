package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// README.md is read to the end by somebody who has a few minutes: so long may it be.
const (
	readmeBytes = 8 << 10
	readmeWords = 800
)

var word = regexp.MustCompile(`[\p{L}\p{N}]`)

func TestReadmeIsShort(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	words := 0
	for _, w := range strings.Fields(string(text)) {
		if word.MatchString(w) {
			words++
		}
	}
	if len(text) > readmeBytes || words > readmeWords {
		t.Errorf("README.md has %d bytes and %d words, want at most %d and %d: move the rest to docs", len(text), words,
			readmeBytes, readmeWords)
	}
	if testing.Verbose() {
		t.Logf("README.md has %d bytes and %d words", len(text), words)
	}
}
