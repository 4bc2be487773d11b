package splits

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// makeFiles makes empty files, by paths that are divided by spaces, in a new folder beside other files and its card.
func makeFiles(t *testing.T, list, card string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range strings.Fields(list) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, Card), []byte(card), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// front is a card with the given configurations among other keys.
func front(configs string) string {
	return "---\nlicense: mit\n# which\nconfigs:\n" + configs +
		"\ndataset_info:\n  broken: [\n---\n# A data set\nconfigs: no\n"
}

func TestDescribed(t *testing.T) {
	for _, c := range []struct {
		name, files, card string
		folder            string // that is asked about, in that of the card
		want              string // NAME/KIND: files; ... or what the error says behind !
	}{
		{"a string", "a.parquet old.parquet", front("- data_files: a.parquet"), "", "train/train: a.parquet"},
		{"a list", "a.parquet b/c.parquet d.parquet",
			front("- config_name: x\n  data_files:\n  - ./a.parquet\n  - 'b/*'"), "", "train/train: a.parquet " +
				"b/c.parquet"},
		{"splits", "x-1.parquet x-2.parquet y.parquet",
			front("- config_name: default\n  data_files:\n  - split: dev\n    path: y.parquet\n  - split: train\n    " +
				"path: [x-1.parquet, 'x-?.*']"), "",
			"train/train: x-1.parquet x-2.parquet; dev/validation: y.parquet"},
		{"splits of no kind", "a.parquet b.parquet",
			front("- data_files:\n  - {split: forget01, path: a.parquet}\n  - {split: retain, path: b.parquet}"), "",
			"forget01/: a.parquet; retain/: b.parquet"},
		{"names that say other", "train.parquet test.parquet",
			front("- data_files:\n  - {split: test, path: train.parquet}\n  - {split: train, path: test.parquet}"), "",
			"train/train: test.parquet; test/test: train.parquet"},
		{"a file in two", "a.parquet b.parquet",
			front("- data_files:\n  - {split: train, path: '*.parquet'}\n  - {split: test, path: b.parquet}"), "",
			"train/train: a.parquet b.parquet; test/test: b.parquet"},
		{"deep", "a/b/c/d/e/x.parquet", front("- data_files: a/b/c/d/e/x.parquet"), "",
			"train/train: a/b/c/d/e/x.parquet"},
		{"over folders", "a/b/x.parquet x.parquet y.parquet", front("- data_files: '**/x.parquet'"), "",
			"train/train: a/b/x.parquet x.parquet"},
		{"a folder, by names", "en/train.parquet en/test/0.parquet x.parquet",
			front("- config_name: en\n  data_dir: en"), "", "train/train: en/train.parquet; test/test: " +
				"en/test/0.parquet"},
		{"a folder without names", "en/0.parquet x.parquet", front("- config_name: en\n  data_dir: ./en/"), "",
			"train/train: en/0.parquet"},
		{"files of a folder", "en/0.parquet 0.parquet", front("- data_dir: en\n  data_files: 0.parquet"), "",
			"train/train: en/0.parquet"},

		{"the default", "a.parquet b.parquet",
			front("- config_name: x\n  data_files: a.parquet\n- config_name: default\n  data_files: " +
				"b.parquet"), "", "train/train: b.parquet"},
		{"one that is the default", "a.parquet b.parquet",
			front("- config_name: x\n  data_files: a.parquet\n- config_name: y\n  data_files: b.parquet\n  " +
				"default: true"), "", "train/train: b.parquet"},
		{"one that is there", "a.parquet",
			front("- config_name: x\n  data_files: a.parquet\n- config_name: y\n  data_files: " +
				"b.parquet"), "", "train/train: a.parquet"},
		{"several", "a.parquet b.parquet",
			front("- config_name: x\n  data_files: a.parquet\n- config_name: y\n  data_files: b.parquet"), "",
			"!holds 2 configurations by DIR/README.md: x, y: name the files of one of them, such as DIR/a.parquet"},
		{"several folders", "en/0.parquet de/0.parquet",
			front("- config_name: x\n  data_files: en/*\n- config_name: y\n  data_dir: de"), "",
			"!holds 2 configurations by DIR/README.md: x, y: name the folder of one of them, such as DIR/en"},
		{"several folders in one", "data/en/0.parquet data/de/0.parquet",
			front("- config_name: x\n  data_files: data/en/*\n- config_name: y\n  data_files: data/de/*"), "",
			"!such as DIR/data/en"},
		{"one of several folders", "en/0.parquet en/1.parquet de/0.parquet",
			front("- config_name: x\n  data_files:\n  - {split: test, path: en/0*}\n  - {split: train, path: " +
				"en/1*}\n- config_name: y\n  data_dir: de"), "en",
			"train/train: en/1.parquet; test/test: en/0.parquet"},
		{"one of deeper folders", "data/en/0.parquet data/de/0.parquet",
			front("- config_name: x\n  data_files: data/en/*\n- config_name: y\n  data_files: " +
				"data/de/*"), "data/en", "train/train: data/en/0.parquet"},
		{"one of several, by names", "en/train.parquet de/0.parquet",
			front("- config_name: x\n  data_dir: en\n- config_name: y\n  data_dir: de"), "en", "train/train: " +
				"en/train.parquet"},
		{"a folder of a part", "train/0.parquet test/0.parquet",
			front("- data_files:\n  - {split: train, path: train/*}\n  - {split: test, path: test/*}"), "train", ""},
		{"a folder named alike", "en/0.parquet en2/0.parquet", front("- data_files: en2/*"), "en", ""},

		{"other files", "a.parquet b.csv", front("- data_files: b.csv"), "", ""},
		{"no files", "a.parquet", front("- data_files: b.parquet"), "", ""},
		{"no card", "a.parquet", "", "", ""},
		{"no front matter", "a.parquet", "configs:\n- data_files: a.parquet\n---\n", "", ""},
		{"no end", "a.parquet", "---\nconfigs:\n- data_files: a.parquet\n", "", ""},
		{"no configurations", "a.parquet", "---\nlicense: mit\n---\n", "", ""},
		{"marks and line ends", "a.parquet", "\ufeff---\r\nconfigs:\r\n- data_files: a.parquet\r\n---\r\n", "",
			"train/train: a.parquet"},
		{"no YAML", "a.parquet", front("- data_files: ["), "", ""},
		{"no list", "a.parquet", front("  data_files: a.parquet"), "", ""},
		{"a number", "a.parquet", front("- data_files: 7"), "", ""},
		{"a mapping", "a.parquet", front("- data_files: {train: a.parquet}"), "", ""},
		{"no path", "a.parquet", front("- data_files:\n  - split: train"), "", ""},
		{"no name of a split", "a.parquet", front("- data_files:\n  - {split: ../train, path: a.parquet}"), "", ""},
		{"files elsewhere", "d/a.parquet a.parquet", front("- data_files: ../a.parquet"), "", ""},
		{"an absolute path", "a.parquet", front("- data_files: /**"), "", ""},
		{"an address", "a.parquet", front("- data_files: https://example.org/a.parquet"), "", ""},
		{"no files and no folder", "a.parquet", front("- config_name: x\n  drop_labels: true"), "", ""},
		{"hidden", ".cache/a.parquet a.parquet", front("- data_files: '**'"), "", "train/train: a.parquet"},
	} {
		dir := makeFiles(t, c.files, c.card)
		all, err := Described(filepath.Join(dir, c.folder), isParquet)
		if text, isError := strings.CutPrefix(c.want, "!"); isError {
			if text = strings.ReplaceAll(text, "DIR", dir); err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: got %v, want an error with %q", c.name, err, text)
			}
			continue
		}
		var got []string
		for _, s := range all {
			var names []string
			for _, path := range s.Files {
				rel, err := filepath.Rel(dir, path)
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, filepath.ToSlash(rel))
			}
			if s.Card != filepath.Join(dir, Card) {
				t.Errorf("%s: got the card %s", c.name, s.Card)
			}
			got = append(got, s.Name+"/"+s.Kind+": "+strings.Join(names, " "))
		}
		if err != nil || strings.Join(got, "; ") != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

// A card decides before names, and one that describes nothing leaves them.
func TestTake_Card(t *testing.T) {
	dir := makeFiles(t, "train.parquet a.parquet b.parquet",
		front("- data_files:\n  - {split: train, path: a*}\n  - {split: test, path: b*}"))
	got, ok, err := Take(dir, isParquet, []string{Train})
	want := dir + ": split train of " + filepath.Join(dir, Card) + ", 1 of 2 files, not test"
	if err != nil || !ok || got.Said != want || !slices.Equal(got.Files, []string{filepath.Join(dir, "a.parquet")}) {
		t.Errorf("got %+v, %v, %v, want %q", got, ok, err, want)
	}
	dir = makeFiles(t, "train.parquet test.parquet", front("- data_files: ["))
	if got, ok, err = Take(dir, isParquet, []string{Train}); err != nil || !ok ||
		got.Said != dir+": split train, 1 of 2 files, not test" {
		t.Errorf("got %+v, %v, %v", got, ok, err)
	}
}

// The relative path of a folder is enough to find the card above it.
func TestDescribed_Here(t *testing.T) {
	t.Chdir(filepath.Join(makeFiles(t, "en/0.parquet", front("- data_files:\n  - {split: test, path: en/*}")), "en"))
	all, err := Described(".", isParquet)
	if err != nil || len(all) != 1 || all[0].Kind != Test || all[0].Card != filepath.Join("..", Card) ||
		all[0].Files[0] != "0.parquet" {
		t.Errorf("got %+v, %v", all, err)
	}
}

func TestReadCard_Bounded(t *testing.T) {
	huge := strings.Repeat("  # "+strings.Repeat("x", 1000)+"\n", maxConfigs/1000)
	for name, card := range map[string]string{
		"configurations": "---\nconfigs:\n- data_files: a\n" + huge + "---\n",
		"a line":         "---\nx: " + strings.Repeat("x", maxConfigs) + "\nconfigs:\n- data_files: a\n---\n",
		"a pattern":      "---\nconfigs:\n- data_files: " + strings.Repeat("x", maxPattern+1) + "\n---\n",
	} {
		if got := readCard(makeFiles(t, "", card)); got != nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if got := readCard(makeFiles(t, "", "---\nx:\n"+huge+"configs:\n- data_files: a\n---\n")); len(got) != 1 {
		t.Errorf("behind other keys: got %v", got)
	}
}

// The matches are those of fsspec.utils.glob_translate, but for ** inside of a name, which that refuses.
func TestCompile(t *testing.T) {
	for _, c := range []struct{ pattern, match, not string }{
		{"a.b", "a.b", "axb a.b/c"},
		{"a*", "a ab", "a/b ba"},
		{"*", "a", "a/b"},
		{"a/*", "a/b", "a/ a/b/c a"},
		{"*/a", "b/a", "a /a c/b/a"},
		{"?.csv", "a.csv é.csv", ".csv ab.csv /.csv"},
		{"**", "a a/b", ""},
		{"**/a", "a b/a c/b/a", "ba"},
		{"a/**", "a/ a/b a/b/c", "a"},
		{"a/**/b", "a/b a/c/b a/c/d/b", "ab a/cb"},
		{"a**", "a ab a/b", "ba"},
		{"[ab]", "a b", "c ab [ab]"},
		{"[!ab]", "c", "a b"},
		{"[0-9][0-9]", "07", "7 0x"},
		{"[]a]", "] a", "b"},
		{"[!]a]", "b", "] a"},
		{"[^a]", "^ a", "b"},
		{"[a", "[a", "a"},
		{"[a/b]", "[a/b]", "a b /"},
		{"[]", "[]", "]"},
		{"[!", "[!", "!"},
		{`a\`, `a\`, "a"},
		{`[\]`, `\`, "]"},
		{"[[]", "[", "]"},
		{"{a,b}", "{a,b}", "a b"},
	} {
		r, err := compile(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for _, name := range strings.Fields(c.match) {
			if !r.MatchString(name) {
				t.Errorf("%s does not match %s: %s", c.pattern, name, r)
			}
		}
		for _, name := range strings.Fields(c.not) {
			if r.MatchString(name) {
				t.Errorf("%s matches %s: %s", c.pattern, name, r)
			}
		}
	}
}

// FuzzCard reads any card: what it describes stays inside of the folder, and its splits have names of files.
func FuzzCard(f *testing.F) {
	for _, text := range []string{
		front("- data_files: a.parquet"), front("- config_name: x\n  data_files:\n  - a\n  - 'b/*'\n- data_dir: en\n " +
			" default: true"),
		front("- data_files:\n  - split: train\n    path: [a, 'b-[0-9].*']\n  - {split: dev, path: '**/c'}"),
		front("- &a\n  data_files: [*a]"), front("- data_files: ../x"), front("- data_files: !!binary " +
			"aa"), "---\n---\n", "---\nconfigs: [[[\n---", "",
	} {
		f.Add(text, "a/train-0.parquet")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		for _, c := range below(parseConfigs(configsOf(strings.NewReader(text))), ".") {
			for _, s := range c.files {
				if !filepath.IsLocal(s.pattern) || strings.ContainsAny(s.split, `/\`) || s.split == "" {
					t.Fatalf("split %q has the files %q", s.split, s.pattern)
				}
			}
			if c.dir != "" && !filepath.IsLocal(c.dir) {
				t.Fatalf("got the folder %q", c.dir)
			}
			for _, s := range c.splits("folder", Card, []string{name}) {
				if s.Name == "" && len(c.files) > 0 || len(s.Files) == 0 || s.Card == "" {
					t.Fatalf("got the split %+v", s)
				}
			}
			for _, dir := range []string{"a", "a/b"} {
				if len(below([]config{c}, dir)) > 0 && folderOf(c, []config{c}) == "" &&
					!strings.ContainsAny(text, "*?[") {
					t.Fatalf("all is in %s, which is not found", dir)
				}
			}
		}
	})
}
