package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
)

// component is a module in CycloneDX.
type component struct {
	Type    string `json:"type"`
	BOMRef  string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version"`
	URL     string `json:"purl"`
}

func newComponent(kind, name, version string) component {
	url := fmt.Sprintf("pkg:golang/%s@%s", name, version)
	return component{kind, url, name, version, url}
}

// modules lists the modules of a binary in CycloneDX 1.5: https://cyclonedx.org/docs/1.5/json. The standard library is
// one of them.
func modules(info *debug.BuildInfo, version string) ([]byte, error) {
	list := struct {
		Format      string `json:"bomFormat"`
		SpecVersion string `json:"specVersion"`
		Version     int    `json:"version"`
		Metadata    struct {
			Component component `json:"component"`
		} `json:"metadata"`
		Components []component `json:"components"`
	}{Format: "CycloneDX", SpecVersion: "1.5", Version: 1}
	list.Metadata.Component = newComponent("application", info.Main.Path, version)
	list.Components = append(list.Components, newComponent("library", "std", strings.TrimPrefix(info.GoVersion, "go")))
	for _, d := range dependencies(info) {
		list.Components = append(list.Components, newComponent("library", d.Path, d.Version))
	}
	out, err := json.MarshalIndent(list, "", "  ")
	return append(out, '\n'), err
}

// dependencies returns the modules as they were built: a replacement in place of what it replaces.
func dependencies(info *debug.BuildInfo) (all []debug.Module) {
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		all = append(all, *d)
	}
	return all
}

// licenceFile matches the names under which modules keep what must be passed on with a binary.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|copyright)([.-].*)?$`)

// licences returns the texts of the licences of Go and of all modules in a binary. A module without one is an error.
func licences(info *debug.BuildInfo) ([]byte, error) {
	var b bytes.Buffer
	goRoot, err := commandOutput("go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	if err := addLicences(&b, "Go, "+info.GoVersion, goRoot); err != nil {
		return nil, err
	}
	for _, d := range dependencies(info) {
		dir, err := commandOutput("go", "list", "-m", "-f", "{{.Dir}}", d.Path)
		if err != nil {
			return nil, err
		}
		if err := addLicences(&b, d.Path+" "+d.Version, dir); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

func addLicences(b *bytes.Buffer, of, dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, f := range files {
		if f.IsDir() || !licenceFile.MatchString(f.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "%s\n%s, %s\n\n%s\n\n", strings.Repeat("=", 80), of, f.Name(), bytes.TrimSpace(text))
		found = true
	}
	if !found {
		return fmt.Errorf("module %s has no licence in %s: do not publish it", of, dir)
	}
	return nil
}
