package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noName  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks follows the links between documents, to files of the repository and to headings in them.
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
			if m[1] == "" {
				to = page
			}
			if linked[to] = true; !exists(to) {
				t.Errorf("%s links to %s, which does not exist", page, m[1])
			} else if m[2] != "" && !hasHeading(t, to, m[2]) {
				t.Errorf("%s links to %s#%s, a heading that it has not", page, m[1], m[2])
			}
		}
	}
	for _, page := range pages {
		if strings.Contains(filepath.ToSlash(page), "/docs/decisions/") && !linked[page] {
			t.Errorf("no page links to %s: add it to docs/architecture.md", page)
		}
	}
}

// hasHeading reports whether a heading of a page has a name, as GitHub makes them.
func hasHeading(t *testing.T, page, name string) bool {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		if strings.ReplaceAll(noName.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-") == name {
			return true
		}
	}
	return false
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
