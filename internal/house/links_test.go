package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var link = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// TestLinks follows the links between documents, to files of the repository.
func TestLinks(t *testing.T) {
	root := filepath.Join("..", "..")
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "bench/*.md", "examples/*.md"} {
		more, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, more...)
	}
	linked := map[string]bool{}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			to := filepath.Join(filepath.Dir(page), filepath.FromSlash(m[1]))
			if linked[to] = true; !exists(to) {
				t.Errorf("%s links to %s, which does not exist", page, m[1])
			}
		}
	}
	for _, page := range pages {
		if strings.Contains(filepath.ToSlash(page), "/docs/decisions/") && !linked[page] {
			t.Errorf("no page links to %s: add it to docs/architecture.md", page)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
