package configs

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed *.yaml
var presets embed.FS

// Presets lists the names of the configurations that come with t5train, sorted.
func Presets() []string {
	files, err := presets.ReadDir(".")
	if err != nil {
		return nil // the root of an embedded file system always opens
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(f.Name(), path.Ext(f.Name()))
	}
	return names
}

// Preset returns the YAML of a preset, ready to be written to a file and changed.
func Preset(name string) ([]byte, error) {
	content, err := presets.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("read preset: got %s, want one of %s", quote(name), strings.Join(Presets(), ", "))
	}
	return content, nil
}
