package checkpoints

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestResolve(t *testing.T) {
	output, run := runOf(t, 500, 1000)
	check := func(path, wantDir, wantHow string) {
		t.Helper()
		dir, how, err := Resolve(path)
		if err != nil || dir != wantDir || how != wantHow {
			t.Errorf("got %q, %q, %v, want %q, %q", dir, how, err, wantDir, wantHow)
		}
	}
	check(run.Dir(500), run.Dir(500), "checkpoint folder "+run.Dir(500))
	check(output, run.Dir(1000), "latest checkpoint of "+output+", step 1000")
	if err := run.SetBest(500); err != nil {
		t.Fatal(err)
	}
	check(output, run.Dir(500), "best checkpoint of "+output+", step 500")
	check(run.dir, run.Dir(500), "best checkpoint of "+run.dir+", step 500")
}

func TestResolveFails(t *testing.T) {
	root := t.TempDir()
	d := &Dir{root: root}
	for _, name := range []string{"models/small/config.json", "models/base/config.json", "models/.hidden/config.json",
		"models/README.md", "empty/notes.txt", "deep/a/b/config.json"} {
		if err := d.WriteFile(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	small, base := filepath.Join(root, "models", "small"), filepath.Join(root, "models", "base")
	for _, c := range []struct {
		name, path string
		want       []string
		wantNot    string
	}{
		{"missing", "models/large", []string{"there is no such folder", base, small}, ".hidden"},
		{"missing parent", "nowhere/large", []string{"there is no such folder"}, "nearby"},
		{"file", "models/README.md", []string{"it is a file, want a checkpoint folder or a run folder", base, small},
			""},
		{"folder of models", "models",
			[]string{"it holds no config.json (a checkpoint) and no checkpoints/checkpoint-* (a run)", base,
				small}, ".hidden"},
		{"two folders up", ".", []string{base, small}, "deep"},
		{"nothing near", "empty", []string{"it holds no config.json"}, "nearby"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(root, c.path)
			_, _, err := Resolve(path)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(c.want, "find checkpoint "+path+": ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not say %q", err, want)
				}
			}
			if c.wantNot != "" && strings.Contains(err.Error(), c.wantNot) {
				t.Errorf("the error %q says %q", err, c.wantNot)
			}
		})
	}
}

// TestResolveListsFew keeps the hint of an error short.
func TestResolveListsFew(t *testing.T) {
	root := t.TempDir()
	for i := range 30 {
		if err := (&Dir{root: root}).WriteFile(fmt.Sprintf("m%02d/config.json", i), nil); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := Resolve(root)
	if err == nil || strings.Count(err.Error(), string(os.PathSeparator)+"m") != 8 {
		t.Errorf("got %v, want 8 folders", err)
	}
}

// A name that is no folder is looked for in the cache of Hugging Face, and a folder of that name comes first.
func TestResolveOfTheHub(t *testing.T) {
	const hash = "0fc9ddf78a1e988dac52e2dac162b0ede4fd74ab"
	root := t.TempDir()
	t.Chdir(root)
	t.Setenv("HF_HUB_CACHE", filepath.Join(root, "cache"))
	d := &Dir{root: root}
	for name, text := range map[string]string{
		"cache/models--org--small/refs/main":                                  hash,
		"cache/models--org--small/snapshots/" + hash + "/config.json":         "{}",
		"cache/models--org--cut/refs/main":                                    hash,
		"cache/models--org--cut/snapshots/" + hash + "/tokenizer_config.json": "{}",
	} {
		if err := d.WriteFile(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	dir, how, err := Resolve("org/small")
	if want := filepath.Join(root, "cache/models--org--small/snapshots", hash); err != nil || dir != want ||
		how != "model org/small of the cache of Hugging Face, snapshot "+hash+" (main)" {
		t.Errorf("got %q, %q, %v", dir, how, err)
	}
	for name, want := range map[string]string{"org/cut": "has no config.json", "org/none": "t5train pull downloads one",
		"org/small@v2": "no such folder", "./org/none": "no such folder", "small": "begin with ORG/: name org/small",
		"cut": "name org/cut", "small@v2": "t5train pull", "mall": "t5train pull"} {
		if _, _, err := Resolve(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", name, err, want)
		}
	}
	if err := d.WriteFile("org/small/config.json", nil); err != nil {
		t.Fatal(err)
	}
	if dir, _, err := Resolve("org/small"); err != nil || dir != "org/small" {
		t.Errorf("got %q, %v, want the folder", dir, err)
	}
}
