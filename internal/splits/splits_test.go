package splits

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ path, name, kind string }{
		{"train.parquet", Train, Train},
		{"Train-00000-of-00002.parquet", Train, Train},
		{"data/train-00000-of-00002-a1b2c3d4.parquet", Train, Train},
		{"train/0000.parquet", Train, Train},
		{"default/validation/0000.parquet", Validation, Validation},
		{"my_training1.parquet", Train, Train},
		{"x.valid.parquet", Validation, Validation},
		{"val-2.parquet", Validation, Validation},
		{"dev.jsonl", Validation, Validation},
		{"testing/a.parquet", Test, Test},
		{"eval.parquet", Test, Test},
		{"evaluation (2).parquet", Test, Test},
		{"train/test.parquet", Test, Test}, // the name of the file first
		{"dev-00000-of-00001.parquet", Validation, Validation},
		{"validation_matched-00000-of-00001.parquet", "validation_matched", Validation},
		{"unsupervised-00000-of-00001.parquet", "unsupervised", ""},
		{"strain.parquet", "", ""},
		{"latest.parquet", "", ""},
		{"trainé.parquet", "", ""},
		{"contest/devices.parquet", "", ""},
		{"part-0.parquet", "", ""},
		{"", "", ""},
	} {
		if name, kind := Parse(c.path); name != c.name || kind != c.kind {
			t.Errorf("Parse(%q): got %q, %q, want %q, %q", c.path, name, kind, c.name, c.kind)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, path := range []string{"data/train-00000-of-00002.parquet", "dev/0.parquet", "a_test-00000-of-00001", "//",
		"\xff.val"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		name, kind := Parse(path)
		if !slices.Contains([]string{"", Train, Validation, Test}, kind) || kind != "" && name == "" {
			t.Errorf("Parse(%q): got %q of kind %q", path, name, kind)
		}
	})
}

func isParquet(name string) bool { return filepath.Ext(name) == ".parquet" }

func TestTake(t *testing.T) {
	hub := "data/train-00000-of-00002.parquet data/train-00001-of-00002.parquet data/validation-00000-of-00001.parquet"
	for _, c := range []struct {
		name, files string
		wanted      string
		want        string // files, or what the error says behind !
	}{
		{"names", "train.parquet test.parquet README.md", Train, "train.parquet"},
		{"shards", hub, Train, "data/train-00000-of-00002.parquet data/train-00001-of-00002.parquet"},
		{"second choice", hub, Test + " " + Validation, "data/validation-00000-of-00001.parquet"},
		{"first choice", "dev.parquet eval.parquet", Test + " " + Validation, "eval.parquet"},
		{"no such split", hub, Test, "!no split test, but train, validation: choose one, as in "},
		{"folders", "train/0.parquet train/1.parquet test/0.parquet", Train, "train/0.parquet train/1.parquet"},
		{"one configuration", "default/train/0.parquet default/test/0.parquet", Test, "default/test/0.parquet"},
		{"several", "de/train.parquet en/train.parquet", Train, "!holds 2 data sets: de, en: name one of them"},
		{"several in data", "data/de/train.parquet data/en/train.parquet", Train,
			"!holds 2 data sets: data/de, data/en"},
		{"one data set", "a.parquet b.parquet", Train, ""},
		{"one data set, folder beside it", "a.parquet old/train.parquet", Train, ""},
		{"no files", "notes.txt", Train, ""},
		{"the rest is in no split", "train.parquet other.parquet", Train, "train.parquet"},
		{"folder beside splits", "train.parquet old/train.parquet", Train, "train.parquet"},
		{"split folder beside splits", "train.parquet validation/0.parquet", Validation, "validation/0.parquet"},
		{"any name", "train-00000-of-00001.parquet unsupervised-00000-of-00001.parquet", Train,
			"train-00000-of-00001.parquet"},
		{"exact name first", "train-00000-of-00001.parquet train_sft-00000-of-00001.parquet", Train,
			"train-00000-of-00001.parquet"},
		{"only one of the kind", "train_sft-00000-of-00001.parquet test_sft-00000-of-00001.parquet", Test,
			"test_sft-00000-of-00001.parquet"},
		{"several of the kind", "train_sft-00000-of-00001.parquet train_gen-00000-of-00001.parquet", Train,
			"!several splits for train: train_gen, train_sft: choose one, as in "},
		{"only", "train.parquet", Test + " " + Only, "train.parquet"},
		{"not only", "train.parquet dev.parquet", Test + " " + Only, "!no split test, but train, validation"},
		{"hidden", ".cache/train.parquet a.parquet", Train, ""},
	} {
		dir := t.TempDir()
		for _, name := range strings.Fields(c.files) {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, ok, err := Take(dir, isParquet, strings.Fields(c.wanted))
		if text, isError := strings.CutPrefix(c.want, "!"); isError {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: got %v, want an error with %q", c.name, err, text)
			}
			continue
		}
		var want []string
		for _, name := range strings.Fields(c.want) {
			want = append(want, filepath.Join(dir, filepath.FromSlash(name)))
		}
		if err != nil || ok != (want != nil) || !slices.Equal(got.Files, want) {
			t.Errorf("%s: got %q, %v, %v, want %q", c.name, got.Files, ok, err, want)
		}
	}
}

func TestTake_Said(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"train-1.parquet", "train-2.parquet", "val.parquet", "more.parquet"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, _, err := Take(dir, isParquet, []string{Train})
	if want := dir + ": split train, 2 of 4 files, not validation, more.parquet"; err != nil || got.Said != want {
		t.Errorf("got %q, %v, want %q", got.Said, err, want)
	}
	if len(got.Rest) != 2 || got.Rest[0].Kind != Validation {
		t.Errorf("got the rest %v", got.Rest)
	}
}
