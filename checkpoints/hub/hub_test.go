package hub

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const hash = "0fc9ddf78a1e988dac52e2dac162b0ede4fd74ab"

func write(t *testing.T, path, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o777)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestCache(t *testing.T) {
	for _, c := range []struct{ hub, old, home, xdg, want string }{
		{"", "", "", "", "/u/.cache/huggingface/hub"},
		{"", "", "", "/x", "/x/huggingface/hub"},
		{"", "", "/h", "/x", "/h/hub"},
		{"", "", "~/h", "/x", "/u/h/hub"},
		{"", "/o", "/h", "/x", "/o"},
		{"/c", "/o", "/h", "/x", "/c"},
		{"~", "", "", "", "/u"},
		{"~x", "", "", "", "~x"},
	} {
		for name, value := range map[string]string{"HF_HUB_CACHE": c.hub, "HUGGINGFACE_HUB_CACHE": c.old,
			"HF_HOME": c.home, "XDG_CACHE_HOME": c.xdg, "HOME": "/u"} {
			t.Setenv(name, value)
		}
		if got, err := Cache(); err != nil || got != c.want {
			t.Errorf("%+v: got %q, %v", c, got, err)
		}
	}
}

func TestParseName(t *testing.T) {
	for text, want := range map[string]Name{
		"google/flan-t5-small": {"google/flan-t5-small", "main"}, "t5-small": {"t5-small", "main"},
		"a/b.c_d@v1.0": {"a/b.c_d", "v1.0"}, "a/b@refs/pr/1": {"a/b", "refs/pr/1"}, "a/b@" + hash: {"a/b", hash},
	} {
		if got, ok := ParseName(text); !ok || got != want {
			t.Errorf("%q is %v, %t, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "/a/b", "./a", "../a", "a/b/c", "a/..", "a/b@", "a/b@../c", "a--b", "a/b@/c",
		"a b", "a/b@c//d", "builtin:en-tiny", "~/a", `a\b`, strings.Repeat("a", 300)} {
		if got, ok := ParseName(text); ok {
			t.Errorf("%q was taken for a name, %v", text, got)
		}
	}
}

func TestFind(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("HF_HUB_CACHE", cache)
	folder := filepath.Join(cache, "models--google--flan-t5-small")
	write(t, filepath.Join(folder, "refs/main"), hash+"\n")
	write(t, filepath.Join(folder, "refs/pr/1"), "../../../elsewhere")
	write(t, filepath.Join(folder, "refs/old"), strings.Repeat("a", 40))
	want := filepath.Join(folder, "snapshots", hash)
	write(t, filepath.Join(want, "config.json"), "{}")
	for text, said := range map[string]string{"google/flan-t5-small": hash + " (main)",
		"google/flan-t5-small@" + hash: "snapshot " + hash} {
		n, _ := ParseName(text)
		dir, how, err := Find(n)
		if err != nil || dir != want || !strings.HasSuffix(how, said) {
			t.Errorf("%s: got %q, %q, %v", text, dir, how, err)
		}
	}
	for text, want := range map[string]string{"google/t5": "refs", "google/flan-t5-small@v1": "v1",
		"google/flan-t5-small@old": "snapshot aaaa"} {
		n, _ := ParseName(text)
		if _, _, err := Find(n); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", text, err)
		}
	}
	if _, _, err := Find(Name{"google/flan-t5-small", "pr/1"}); err == nil || !strings.Contains(err.Error(),
		"want the hash of a commit") {
		t.Errorf("a ref that leads elsewhere: error %v", err)
	}
}

// No name leads out of the cache.
func FuzzParseName(f *testing.F) {
	for _, text := range []string{"google/flan-t5-small", "a/b@refs/pr/1", "a/..", "../a", "a@../../b", "a--b/c@x//y"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := ParseName(text)
		if !ok {
			return
		}
		folder := n.Folder("/cache")
		if filepath.Dir(folder) != "/cache" || !strings.HasPrefix(Ref(folder, n.Revision), folder+"/refs/") {
			t.Errorf("%q leads to %s and %s", text, folder, Ref(folder, n.Revision))
		}
	})
}
