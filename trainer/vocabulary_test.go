package trainer

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
	raw, err := os.ReadFile("../testdata/sms_spam/train-00000-of-00001.parquet")
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
		"folder of such names": {map[string]string{"c/train.de": "de\n", "c/train.en": "en\n"}, []string{"c"}, []string{"de", "en"}, "", ""},
		"folders in a folder":  {map[string]string{"c/2020/web.jsonl": jsonl}, []string{"c"}, nil, "", "the folder has folders in it: name the files, such as '"},
		"other files in a folder": {
			map[string]string{"c/a.txt": "a\n", "c/README": "b\n"}, []string{"c"}, []string{"a"}, "left out: DIR/c/README", "",
		},
		"files beside parquet": {
			map[string]string{"c/a.parquet": parquetText(t), "c/a.txt": "a\n"}, []string{"c:label"}, nil, "left out: DIR/c/a.txt", "",
		},
		"parquet in a glob": {
			map[string]string{"a.parquet": parquetText(t), "a.txt": "a\n"}, []string{"a.*"}, nil, "", "a.parquet: it is parquet, among other files that",
		},
		"another column": {
			map[string]string{"a.txt": "a\n", "b.jsonl": `{"body": "b"}`}, []string{"a.txt", "b.jsonl"}, nil, "", "b.jsonl: no row has a column text: name the column",
		},
		"no rows":          {map[string]string{"a.txt": "", "b.jsonl": "", "c.txt": "c\n"}, []string{"a.txt", "b.jsonl:body", "c.txt"}, []string{"c"}, "", ""},
		"a sign of splits": {map[string]string{"b.txt": "b\n"}, []string{"a=b.txt"}, nil, "", "a=b.txt: no such file"},
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
			err := ReadTexts(t.Context(), inputs, PlainConsole(&said), func(text string) error {
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
