package splits

import (
	"bufio"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Card is the file of a folder that may describe its data. It begins with YAML between two lines of ---, such as
//
//	configs:
//	- config_name: default
//	  data_files:
//	  - split: train
//	    path: data/part-*.parquet
//
// One that describes nothing, or is not well-formed, is no error.
const Card = "README.md"

// config is a configuration of a data set: a selection of the files of its folder.
type config struct {
	name      string
	byDefault bool
	files     []selected // none where the names of the files tell the splits,
	dir       string     // of this folder in that of the card, "" if it is that
}

// selected are files of a split.
type selected struct{ split, pattern string }

const (
	maxCard    = 16 << 20 // bytes that are read of a card: descriptions of columns may come first
	maxConfigs = 1 << 20  // bytes of its configurations
	maxPattern = 1 << 10  // bytes of a pattern
)

// readCard returns the configurations that the card of a folder describes.
func readCard(folder string) []config {
	name := filepath.Join(folder, Card)
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() { // a pipe may never end
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	return parseConfigs(configsOf(io.LimitReader(f, maxCard)))
}

// configsOf returns the lines of the key configs in the YAML that a card begins with. The others, which may be many and
// wrong, are not parsed.
func configsOf(card io.Reader) (found []byte) {
	lines := bufio.NewScanner(card)
	lines.Buffer(nil, maxConfigs)
	if !lines.Scan() || strings.TrimRight(strings.TrimPrefix(lines.Text(), "\ufeff"), " \t\r") != "---" {
		return nil
	}
	inside := false
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), " \t\r")
		if line == "---" {
			return found
		}
		if line != "" && !strings.ContainsAny(line[:1], " -#") {
			inside = strings.HasPrefix(line, "configs:")
		}
		if inside {
			found = append(append(found, line...), '\n')
		}
		if len(found) > maxConfigs {
			break
		}
	}
	return nil
}

// parseConfigs returns none if one is not well-formed.
func parseConfigs(text []byte) (all []config) {
	var card struct {
		Configs []struct {
			Name    string    `yaml:"config_name"`
			Default bool      `yaml:"default"`
			Dir     string    `yaml:"data_dir"`
			Files   yaml.Node `yaml:"data_files"`
		} `yaml:"configs"`
	}
	if yaml.Unmarshal(text, &card) != nil {
		return nil
	}
	for _, c := range card.Configs {
		if c.Name == "" {
			c.Name = defaultConfig
		}
		files, ok := parseFiles(&c.Files)
		dir, dirOK := inside(c.Dir)
		if !ok || !dirOK {
			return nil
		}
		for i := range files {
			files[i].pattern = path.Join(dir, files[i].pattern)
		}
		if dir != "" || len(files) > 0 {
			all = append(all, config{c.Name, c.Default || c.Name == defaultConfig, files, dir})
		}
	}
	return all
}

// defaultConfig is the name of a configuration that is not named.
const defaultConfig = "default"

// parseFiles reads data_files: a pattern, a list of them, or a list of splits, each with a pattern or a list.
func parseFiles(node *yaml.Node) (all []selected, ok bool) {
	if node.IsZero() || node.Tag == "!!null" {
		return nil, true
	}
	var of []struct {
		Split string   `yaml:"split"`
		Path  patterns `yaml:"path"`
	}
	var plain patterns
	if err := node.Decode(&plain); err == nil {
		return appendFiles(nil, Train, plain)
	}
	if node.Decode(&of) != nil {
		return nil, false
	}
	for _, s := range of {
		if all, ok = appendFiles(all, s.Split, s.Path); !ok {
			return nil, false
		}
	}
	return all, true
}

// patterns is a string or a list of them in YAML.
type patterns []string

// UnmarshalYAML implements yaml.Unmarshaler.
func (p *patterns) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		return node.Decode((*[]string)(p))
	}
	*p = patterns{""}
	return node.Decode(&(*p)[0])
}

// splitName is that of the datasets library.
var splitName = regexp.MustCompile(`^\w+(\.\w+)*$`)

// appendFiles appends the files of a split; ok is false where something is no name or leads out of the folder.
func appendFiles(all []selected, split string, list patterns) (_ []selected, ok bool) {
	for _, pattern := range list {
		pattern, ok := inside(pattern)
		if !ok || pattern == "" || len(pattern) > maxPattern || !splitName.MatchString(split) {
			return nil, false
		}
		all = append(all, selected{split, pattern})
	}
	return all, len(list) > 0
}

// inside cleans a path in a card, which stays inside of the folder.
func inside(name string) (clean string, ok bool) {
	if name == "" {
		return "", true
	}
	clean = path.Clean(name)
	if clean == "." {
		return "", true
	}
	return clean, filepath.IsLocal(filepath.FromSlash(clean)) && !strings.Contains(name, "://")
}

// below returns the configurations whose files are all in a folder, relative to that.
func below(all []config, folder string) (found []config) {
	if folder == "." {
		return all
	}
	for _, c := range all {
		inFolder := true
		cut := func(name string) string {
			rest, ok := cutFolder(name, folder)
			inFolder = inFolder && ok
			return rest
		}
		if len(c.files) == 0 {
			c.dir = cut(c.dir)
		}
		c.files = slices.Clone(c.files)
		for i, f := range c.files {
			c.files[i].pattern = cut(f.pattern)
			inFolder = inFolder && c.files[i].pattern != ""
		}
		if inFolder {
			found = append(found, c)
		}
	}
	return found
}

// cutFolder returns what of a path is below a folder, "" for the folder itself.
func cutFolder(name, folder string) (rest string, ok bool) {
	if name == folder {
		return "", true
	}
	return strings.CutPrefix(name, folder+"/")
}
