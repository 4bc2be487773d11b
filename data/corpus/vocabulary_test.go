package corpus

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/data/tokenizer"
	"t5train/data/tokenizer/vocabulary"
	"t5train/internal/atomicfile"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/internal/ui/terminal"
)

// writeTree writes files below a new folder and returns it.
func writeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func parquetText(t *testing.T) string {
	raw, err := os.ReadFile(testrun.TrainFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestReadTexts has the ways to name text; what is not read is said, and what is no text is not taken for it.
func TestReadTexts(t *testing.T) {
	jsonl := `{"text": "from json"}` + "\n"
	for name, tt := range map[string]struct {
		files map[string]string
		input []string // below the folder
		want  []string // texts
		says  string
		fails string
	}{
		"a name that tells no format": {
			map[string]string{"a.jsonl": jsonl, "b.csv": "text,n\nfrom csv,1\n", "c.de": "from de\n"}, []string{"*"},
			[]string{"from json", "from csv", "from de"}, "", "",
		},
		"folder of such names": {map[string]string{"c/train.de": "de\n", "c/train.en": "en\n"}, []string{"c"},
			[]string{"de", "en"}, "", ""},
		"folders in a folder": {map[string]string{"c/2020/web.jsonl": jsonl}, []string{"c"}, nil, "",
			"the folder has folders in it: name the files, such as '"},
		"other files in a folder": {
			map[string]string{"c/a.txt": "a\n", "c/README": "b\n"}, []string{"c"}, []string{"a"}, "left out: " +
				"DIR/c/README", "",
		},
		"files beside parquet": {
			map[string]string{"c/a.parquet": parquetText(t), "c/a.txt": "a\n"}, []string{"c:label"}, nil, "left out: " +
				"DIR/c/a.txt", "",
		},
		"parquet in a glob": {
			map[string]string{"a.parquet": parquetText(t), "a.txt": "a\n"}, []string{"a.*"}, nil, "", "a.parquet: it " +
				"is parquet, among other files that",
		},
		"another column": {
			map[string]string{"a.txt": "a\n", "b.jsonl": `{"n": 1, "body": "b"}`}, []string{"a.txt",
				"b.jsonl"}, nil, "", "b.jsonl: no row has a column text, the first has n, body: name the column",
		},
		"globs of all depths": {map[string]string{"a/a.txt": "a\n"}, []string{"**/*.txt"}, nil, "",
			"** is not known: write a * for each level of folders"},
		"globs of all depths, parquet": {map[string]string{"a/a.parquet": parquetText(t)}, []string{"**/*.parquet"},
			nil, "", "** is not known: write a * for each level of folders"},
		"no rows": {map[string]string{"a.txt": "", "b.jsonl": "", "c.txt": "c\n"},
			[]string{"a.txt", "b.jsonl:body", "c.txt"}, []string{"c"}, "", ""},
		"a file twice": {map[string]string{"a.txt": "a\n"}, []string{"a.txt", "./a.txt:text"},
			[]string{"a"}, "left out, since it was named before: DIR/a.txt", ""},
		"a file and its folder": {
			map[string]string{"c/a.txt": "a\n", "c/b.txt": "b\n"}, []string{"c/b.txt", "c"}, []string{"b",
				"a"}, "left out, since it was named before: DIR/c/b.txt", "",
		},
		"two columns of a file": {map[string]string{"a.jsonl": `{"a": "x", "b": "y"}`}, []string{"a.jsonl:a",
			"a.jsonl:b"}, []string{"x", "y"}, "", ""},
		"a colon in a name": {map[string]string{"a:b.txt": "a\n", "a": "no\n"}, []string{"a:b.txt"},
			[]string{"a"}, "", ""},
		"a colon and a column": {map[string]string{"a:b.jsonl": `{"x": "a"}`}, []string{"a:b.jsonl:x"},
			[]string{"a"}, "", ""},
		"a colon in a folder": {map[string]string{"a:b/c.txt": "a\n"}, []string{"a:b/c.txt"}, []string{"a"},
			"", ""},
		"a colon in a glob": {map[string]string{"a:b.txt": "a\n"}, []string{"a:*.txt"}, []string{"a"}, "", ""},
		"a glob and a column": {map[string]string{"a.jsonl": `{"x": "a"}`}, []string{"*.jsonl:x"},
			[]string{"a"}, "", ""},
		"a colon that is not there": {nil, []string{"a:b.txt"}, nil, "", "a does not exist"},
		"a sign of splits": {map[string]string{"b.txt": "b\n"}, []string{"a=b.txt"}, nil, "",
			"a=b.txt does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeTree(t, tt.files)
			var inputs []string
			for _, input := range tt.input {
				if prefix, rest, ok := strings.Cut(input, "="); ok {
					inputs = append(inputs, prefix+"="+filepath.Join(dir, rest))
				} else {
					inputs = append(inputs, filepath.Join(dir, input))
				}
			}
			var got []string
			var said bytes.Buffer
			err := ReadTexts(t.Context(), inputs, terminal.Plain(&said), func(text string) error {
				got = append(got, strings.Clone(text))
				return nil
			})
			if says := strings.ReplaceAll(said.String(), dir, "DIR"); !strings.Contains(says, tt.says) {
				t.Errorf("says %q, want %q in it", says, tt.says)
			}
			switch {
			case tt.fails != "":
				if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), dir+"/", ""), tt.fails) {
					t.Errorf("got error %v, want %q in it", err, tt.fails)
				}
			case err != nil:
				t.Error(err)
			case tt.want != nil && !slices.Equal(got, tt.want):
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// smallVocabulary trains on a line. Its sink calls said, if not nil, with what it writes.
func smallVocabulary(t *testing.T, output string, said func()) VocabularyOptions {
	dir := writeTree(t, map[string]string{"a.txt": "the cat sat on the mat, the dog on the log\n"})
	o := VocabularyOptions{Inputs: []string{filepath.Join(dir, "a.txt")}, Output: output,
		Train: vocabulary.Defaults(), ExtraIDs: 2}
	o.Train.VocabSize, o.Train.SoftVocabLimit = 22, true
	o.Sink = nil
	if said != nil {
		o.Sink = terminal.Plain(writerFunc(func(p []byte) { said() }))
	}
	return o
}

type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}

// names lists a folder.
func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Tokens added to an old tokenizer would be added to the new one.
func TestTrainVocabularyReplacesAddedTokens(t *testing.T) {
	dir := writeTree(t, map[string]string{"added_tokens.json": `{"<old>": 32100}`, "notes": ""})
	o := smallVocabulary(t, dir, nil)
	if _, err := TrainVocabulary(t.Context(), o); err == nil || !strings.Contains(err.Error(),
		"added_tokens.json: there is a tokenizer") {
		t.Errorf("got error %v, want one that says that there is a tokenizer", err)
	}
	o.Overwrite = true
	if _, err := TrainVocabulary(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	want := []string{"notes", "special_tokens_map.json", "spiece.model", "tokenizer.json", "tokenizer_config.json"}
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("got files %q, want %q", got, want)
	}
	if _, err := tokenizer.Load(dir); err != nil {
		t.Error(err)
	}
}

// What comes to the folder during the training stays.
func TestTrainVocabularyAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "spiece.model")
	o := smallVocabulary(t, dir, func() {
		if err := os.WriteFile(path, []byte("other"), 0o600); err != nil {
			t.Error(err)
		}
		_, err := TrainVocabulary(t.Context(), func() VocabularyOptions {
			second := smallVocabulary(t, dir, nil)
			second.Overwrite = true
			return second
		}())
		if err == nil || !strings.Contains(err.Error(), "another process writes there") {
			t.Errorf("a second training: got error %v", err)
		}
	})
	if _, err := TrainVocabulary(t.Context(), o); err == nil || !strings.Contains(err.Error(), "there is a tokenizer") {
		t.Errorf("got error %v, want one that says that there is a tokenizer", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "other" || len(names(t, dir)) != 1 {
		t.Errorf("got %q, %v, in %q, want the other file alone", got, err, names(t, dir))
	}
}

// A command that trains a tokenizer in place of another is killed at each of its changes of the disk. Whoever loads the
// tokenizer gets one of the two, and the same command resumes.
func TestTrainVocabularyKilled(t *testing.T) {
	old, result := t.TempDir(), t.TempDir()
	o := smallVocabulary(t, result, nil)
	if _, err := TrainVocabulary(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	want := testdir.Read(t, filepath.Join(result, "spiece.model"))
	o.ExtraIDs, o.Output = o.ExtraIDs+5, old
	if _, err := TrainVocabulary(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	files := func(dir string) (all []tokenizer.File) {
		for _, name := range names(t, dir) {
			all = append(all, tokenizer.File{Name: name, Data: testdir.Read(t, filepath.Join(dir, name))})
		}
		return all
	}
	small, large := files(result), files(old)
	for changes, ended := 0, false; !ended; changes++ {
		dir := t.TempDir()
		for _, f := range large {
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		replace := func() error {
			s, err := atomicfile.OpenStage(dir)
			if err != nil {
				return err
			}
			defer s.Close()
			_, err = publish(s, dir, small)
			return err
		}
		revive := atomicfile.KillAfter(dir, changes)
		err := replace()
		revive()
		if ended = err == nil; !ended && !errors.Is(err, atomicfile.ErrKilled) {
			t.Fatal(err)
		}
		if _, err := tokenizer.Load(dir); err != nil {
			t.Fatalf("after %d changes: %v", changes, err)
		}
		if got := testdir.Read(t, filepath.Join(dir, "spiece.model")); !bytes.Equal(got, want) && len(names(t,
			dir)) < len(large) {
			t.Fatalf("after %d changes: files of two tokenizers: %q", changes, names(t, dir))
		}
		if err := replace(); err != nil {
			t.Fatalf("after %d changes: %v", changes, err)
		}
		if got := files(dir); !reflect.DeepEqual(got, small) {
			t.Fatalf("after %d changes and once more: files %q", changes, names(t, dir))
		}
	}
}

// Text that holds sentinels is no reason for pieces that do.
func TestTrainVocabularySentinels(t *testing.T) {
	dir := writeTree(t, map[string]string{"a.txt": strings.Repeat("the <extra_id_0> cat <extra_id_1> sat\n", 50)})
	o := smallVocabulary(t, filepath.Join(dir, "out"), nil)
	o.Inputs = []string{filepath.Join(dir, "a.txt")}
	o.Train.SplitByUnicodeScript, o.Train.VocabSize = false, 200
	if _, err := TrainVocabulary(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(o.Output)
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := tok.ID("<"); ok {
		t.Errorf("there is a piece %d for a letter that only sentinels hold", id)
	}
	o.ExtraIDs = tokenizer.MaxExtraIDs + 1
	if _, err := TrainVocabulary(t.Context(), o); err == nil || !strings.Contains(err.Error(), "want 0 to 65536") {
		t.Errorf("got error %v, want the range of extra ids", err)
	}
}
