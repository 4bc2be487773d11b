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
	"math"
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

// Group returns cases of the case.json that lies in the folder of a group itself. A root without the file, or without
// what pick wants of it, skips the test; a file that has it without a case fails it.
func Group[File, Case any](t testing.TB, group string, pick func(File) []Case) []Case {
	t.Helper()
	dir := filepath.Join(Root(t), group)
	if _, err := os.Stat(filepath.Join(dir, "case.json")); os.IsNotExist(err) {
		t.Skipf("golden: this root has no %s/case.json", group)
	}
	var file File
	Read(t, dir, &file)
	cases := pick(file)
	switch {
	case cases == nil:
		t.Skipf("golden: %s/case.json has no such cases", group)
	case len(cases) == 0:
		t.Fatalf("golden: %s/case.json holds no case", group)
	}
	return cases
}

// Near wants a value within 1e-6 of another one.
func Near(t testing.TB, name string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-6) {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

// NearRecorded is Near of a value that not every case has recorded.
func NearRecorded(t testing.TB, name string, got float64, want *float64) {
	t.Helper()
	if want != nil {
		Near(t, name, got, *want)
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
