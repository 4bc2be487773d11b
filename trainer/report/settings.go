package report

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"t5train/internal/bounded"
)

// Setting is a key of a configuration, such as train.batch_size, and its value as YAML.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// maxSettings is what a configuration can have; the nodes of YAML take some fifty times their text.
const maxSettings = 1 << 20

// readSettings reads the resolved configuration of a run. Keys that this version does not know are as good as others.
func readSettings(path string) ([]Setting, error) {
	text, err := bounded.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if len(text) > maxSettings {
		return nil, fmt.Errorf("read %s: it has %d bytes, want at most %d: copy the file of the run again", path,
			len(text),
			maxSettings)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("read %s: it holds no keys", path)
	}
	var settings []Setting
	each(root.Content[0], func(section string, n *yaml.Node) {
		if n.Kind != yaml.MappingNode {
			settings = append(settings, Setting{section, inline(n)})
			return
		}
		each(n, func(key string, n *yaml.Node) {
			settings = append(settings, Setting{section + "." + key, inline(n)})
		})
	})
	return settings, nil
}

// each calls f for the keys of a mapping.
func each(mapping *yaml.Node, f func(key string, value *yaml.Node)) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		f(mapping.Content[i].Value, mapping.Content[i+1])
	}
}

// inline returns a value as it stands in one line.
func inline(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	flow(n)
	text, err := yaml.Marshal(n)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// flow puts what a node holds in one line, without comments.
func flow(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	if n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode {
		n.Style = yaml.FlowStyle
	}
	for _, c := range n.Content {
		flow(c)
	}
}
