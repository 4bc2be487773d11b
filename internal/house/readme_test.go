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

// Who does not see a picture hears its title and its description.
func TestPicturesAreDescribed(t *testing.T) {
	pictures, err := filepath.Glob(filepath.Join("..", "..", "docs", "images", "*.svg"))
	if err != nil || len(pictures) == 0 {
		t.Fatalf("found %d pictures: %v", len(pictures), err)
	}
	for _, path := range pictures {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "<title>") || !strings.Contains(string(text), "<desc>") {
			t.Errorf("%s has no title or no desc: give both to save in draw.py", path)
		}
	}
}
