package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

var update = flag.Bool("update", false, "write the pages that are generated")

// TestDocsOfCommands holds docs/commands to the commands, a page each: go test ./cmd/t5train -run Docs -update
func TestDocsOfCommands(t *testing.T) {
	root := rootCommand(app{names: &flagNames{}, log: &logFormat{}})
	root.InitDefaultCompletionCmd()
	root.DisableAutoGenTag = true
	pages := map[string]string{}
	document(t, root, pages)
	dir := filepath.Join("..", "..", "docs", "commands")
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range pages {
		path := filepath.Join(dir, name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if have, err := os.ReadFile(path); err != nil || string(have) != want {
			t.Errorf("docs/commands/%s is not of these commands (%v): go test ./cmd/t5train -run Docs -update", name,
				err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != len(pages) {
		t.Errorf("docs/commands has %d pages, want %d: go test ./cmd/t5train -run Docs -update", len(files), len(pages))
	}
}

// document writes the page of a command, and of those below it.
func document(t *testing.T, c *cobra.Command, pages map[string]string) {
	t.Helper()
	var b bytes.Buffer
	same := func(link string) string { return link }
	if err := doc.GenMarkdownCustom(c, &b, same); err != nil {
		t.Fatal(err)
	}
	pages[strings.ReplaceAll(c.CommandPath(), " ", "_")+".md"] = b.String()
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() {
			document(t, sub, pages)
		}
	}
}
