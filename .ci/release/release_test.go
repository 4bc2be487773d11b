package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

func TestModules(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Path: "t5train"}, Deps: []*debug.Module{
		{Path: "example.org/a", Version: "v1.2.3"},
		{Path: "example.org/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.org/fork", Version: "v1.0.1"}},
	}}
	text, err := modules(info, "v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		BOMFormat  string
		Metadata   struct{ Component component }
		Components []component
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	got := []string{list.BOMFormat, list.Metadata.Component.URL}
	for _, c := range list.Components {
		got = append(got, c.URL)
	}
	want := "CycloneDX pkg:golang/t5train@v0.1.0 pkg:golang/std@1.26.0 pkg:golang/example.org/a@v1.2.3 " +
		"pkg:golang/example.org/fork@v1.0.1"
	if strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLicences(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	if err := addLicences(&b, "example.org/a v1.2.3", dir); err == nil {
		t.Error("no error for a module without a licence")
	}
	for _, name := range []string{"LICENSE.md", "NOTICE", "README.md", "license_test.go"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("the text of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := addLicences(&b, "example.org/a v1.2.3", dir); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.String(), "the text of"); got != 2 {
		t.Errorf("%d texts, want LICENSE.md and NOTICE:\n%s", got, &b)
	}
}

func TestPack(t *testing.T) {
	entries := []entry{{"t5train", 0o755, []byte("binary")}, {"LICENSE", 0o644, []byte("text")}}
	for name, pack := range map[string]func(string, []entry) ([]byte, error){"tar": packTar, "zip": packZip} {
		first, err := pack("t5train_v1", entries)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := pack("t5train_v1", entries); !bytes.Equal(first, again) {
			t.Errorf("%s: other bytes the second time", name)
		}
		plain := first
		if name == "tar" {
			r, err := gzip.NewReader(bytes.NewReader(first))
			if err != nil {
				t.Fatal(err)
			}
			if plain, err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		} else if r, err := zip.NewReader(bytes.NewReader(first), int64(len(first))); err != nil ||
			r.File[0].Mode() != 0o755 {
			t.Errorf("zip: %v, or its binary cannot be executed", err)
		}
		if !bytes.Contains(plain, []byte("t5train_v1/LICENSE")) {
			t.Errorf("%s: no LICENSE in its folder", name)
		}
	}
}

func TestVersions(t *testing.T) {
	for version, right := range map[string]bool{"v0.1.0": true, "v1.2.3-rc.1": true, "": false, "1.2.3": false,
		"v1.2": false, "v1.2.3 -X a=b": false} {
		if versions.MatchString(version) != right {
			t.Errorf("%q: got %v", version, !right)
		}
	}
	if err := run("v0.1.0", []string{"linux/amd64"}, "."); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("got %v for a folder with files", err)
	}
}
