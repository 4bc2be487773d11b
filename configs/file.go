package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"t5train/internal/lfs"
)

// maxFileSize keeps a wrong file (a parquet file, a model) from being read as a configuration. In bytes.
const maxFileSize = 1 << 20

// ReadFile reads a configuration file, at most 1 MiB.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	if err := lfs.Check(content); err != nil {
		return nil, fmt.Errorf("read config: %s: %w", path, err)
	}
	if len(content) > maxFileSize {
		return nil, fmt.Errorf("read config: %s is larger than %d bytes, want a short YAML file: is it the right one?",
			path, maxFileSize)
	}
	return content, nil
}

// file reads the layer of a YAML file; name stands in the messages.
func (r *reader) file(name string, content []byte) layer {
	l := layer{}
	if lines := tabIndented(content); lines != nil {
		for _, line := range lines {
			r.report(place(name, line), "indented with a tab, want spaces: replace the tab")
		}
		r.unparsed = true
		return l
	}
	root, line, wrong := parseYAML(content)
	switch {
	case wrong != "":
		r.unparsed = true
		r.report(place(name, line), wrong)
		return l
	case root == nil:
		r.unparsed = true
		r.report(name, "is empty, want at least one key, such as output: runs/first")
		return l
	case root.Kind != yaml.MappingNode:
		r.unparsed = true
		r.report(place(name, root.Line), "got "+describe(root)+", want sections such as train: with keys below")
		return l
	}
	r.mapping(l, root, "", name)
	return l
}

// mapping reads one level of the file: the top, or a section.
func (r *reader) mapping(l layer, node *yaml.Node, prefix, name string) {
	first := map[string]int{} // the line at which a key stands first
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		at := place(name, key.Line)
		path := r.current(prefix + key.Value)
		if key.Kind != yaml.ScalarNode {
			r.report(at, "got "+describe(key)+" as a key, want a word")
			continue
		}
		if section, word, dotted := strings.Cut(key.Value, "."); dotted {
			r.report(at, fmt.Sprintf("got a dotted key, want the key %s in the section %s:", plain(word),
				plain(section)),
				plain(path))
			continue
		}
		if line, twice := first[path]; twice {
			r.report(place(name, 0), fmt.Sprintf("given twice, in lines %d and %d: keep one", line, key.Line),
				plain(path))
			continue
		}
		first[path] = key.Line
		if f, ok := r.fields[path]; ok {
			r.set(l, f, value, at)
			continue
		}
		keys := r.section(path)
		switch {
		case keys == nil:
			r.unknown(path, at)
		case value.Kind == yaml.MappingNode && value.Anchor == "":
			r.mapping(l, value, path+".", name)
		case value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null": // all its keys are commented out
		default:
			r.report(at, fmt.Sprintf("got %s, want a section with keys such as %s",
				describe(value), strings.Join(keys[:min(2, len(keys))], " and ")), path)
		}
	}
}

// parseYAML parses exactly one document into its root node, nil when there is none. Else it says what is wrong and in
// which line, 0 when the parser does not know.
func parseYAML(content []byte) (root *yaml.Node, line int, wrong string) {
	dec := yaml.NewDecoder(bytes.NewReader(content))
	var doc, next yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, 0, ""
	case err != nil:
		line, wrong = syntaxError(err)
		return nil, line, wrong
	}
	switch err := dec.Decode(&next); {
	case err == nil:
		return nil, next.Line, "got a second document, want one: remove the line ---"
	case !errors.Is(err, io.EOF):
		line, wrong = syntaxError(err)
		return nil, line, wrong
	}
	root = doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" && root.Value == "" {
		return nil, 0, "" // nothing but comments, or ---
	}
	return root, 0, ""
}

// parserError takes an error of the YAML parser apart: "yaml: line 3: did not find expected ...".
var parserError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntaxError puts the parser's line number right. The grammar's errors, "did not find expected ...", count lines from
// 0, those of the scanner from 1, and either omits the number for the first line.
func syntaxError(err error) (line int, text string) {
	text = strings.ReplaceAll(err.Error(), "\n", " ")
	if m := parserError.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1]) // 0 without one
		text = m[2]
	}
	switch {
	case strings.HasPrefix(text, "did not find expected"):
		line++
	case line == 0 && (strings.HasPrefix(text, "found ") || strings.HasPrefix(text, "mapping values ")):
		line = 1
	}
	return line, "is not YAML: " + text + ": check the indentation, and put text with special characters in quotes"
}

// tabIndented returns the numbers of the lines that a tab indents. YAML forbids it, but its parser either reports it in
// a riddle or, inside a text that goes on, not at all.
func tabIndented(content []byte) []int {
	var lines []int
	number := 0
	for line := range bytes.Lines(content) {
		number++
		text := bytes.TrimLeft(line, " \t")
		if indent := line[:len(line)-len(text)]; len(bytes.TrimSpace(text)) > 0 && bytes.ContainsRune(indent, '\t') {
			lines = append(lines, number)
		}
	}
	return lines
}

// place names a line of a file: run.yaml:7.
func place(name string, line int) string {
	if line == 0 {
		return name
	}
	return fmt.Sprintf("%s:%d", name, line)
}
