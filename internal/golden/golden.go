// Package golden finds the recorded reference values that tests hold the code to.
//
// A golden root has one folder a group (model, optim, tokenizer, ...) and one folder a case in each.
// The environment variable T5_GOLDEN names the root, absolute or relative to the module's root; unset,
// the small subset under testdata/golden is used:
//
//	T5_GOLDEN=../shared/golden go test ./... -run Golden
package golden

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Root returns the absolute path of the golden root.
func Root(t testing.TB) string {
	t.Helper()
	module := moduleRoot(t)
	root := os.Getenv("T5_GOLDEN")
	switch {
	case root == "":
		root = filepath.Join(module, "testdata", "golden")
	case !filepath.IsAbs(root):
		root = filepath.Join(module, root)
	}
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		t.Fatalf("golden: root %s is no folder: set T5_GOLDEN to one, or unset it", root)
	}
	return root
}

// Cases returns the case folders of a group, sorted. A root without the group skips the test; a group
// without a case fails it, so that an empty folder never passes for a proof.
func Cases(t testing.TB, group string) []string {
	t.Helper()
	dir := filepath.Join(Root(t), group)
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		t.Skipf("golden: this root has no group %q", group)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "case.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("golden: group %q holds no case", group)
	}
	cases := make([]string, len(files))
	for i, f := range files {
		cases[i] = filepath.Dir(f)
	}
	return cases
}

// Read decodes the case.json of a case folder into v.
func Read(t testing.TB, dir string, v any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "case.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatalf("golden: %s: %v", dir, err)
	}
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("golden: no go.mod above the test's folder")
		}
		dir = parent
	}
}
