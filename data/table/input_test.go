package table

import (
	"fmt"
	"strings"
	"testing"

	"t5train/internal/testdir"
)

func TestFindInputs(t *testing.T) {
	testdir.Files(t, "a.csv", "b.tsv", "c.jsonl", "d.json: [{}]", "e.json: {\"data\": [{\"paragraphs\": []}]}",
		"f.txt", "g.conll", "h.dat", "i.csv.gz", "i.csv.xz", "j.parquet",
		"k=v.csv", "imdb/neg/1.txt", "imdb/neg/2.txt", "imdb/pos/.hidden", "imdb/pos/1", "imdb/urls.txt",
		"docs/b.txt", "docs/a.txt", "docs/README", "logs/x.csv", "logs/y.csv", "mixed/x.csv", "mixed/y.json",
		"nested/train/pos/1.txt", "deep/pets/cat/1.txt",
		"hub/data/train-00000-of-00001.parquet", "card/d/a.csv", "card/d/b.csv", "cards/a.txt", "cards/b.csv",
		"configs/a.csv", "configs/b.csv",
		"card/README.md: ---\nconfigs:\n- data_files:\n  - {split: forget, path: d/a.csv}\n  - {split: retain, path: "+
			"[d/b.csv, d/a*]}\n---\n",
		"cards/README.md: ---\nconfigs:\n- data_files: ['*.txt', '*.csv']\n---\n",
		"configs/README.md: ---\nconfigs:\n- config_name: a\n  data_files: a.csv\n- config_name: b\n  data_files: "+
			"b.csv\n---\n",
		"none/x.dat", "void/pos/.x")
	for _, c := range []struct {
		argument string
		format   Format
		want     string
		err      string
	}{
		{"a.csv", "", "csv a.csv", ""},
		{"b.tsv", "", "tsv b.tsv", ""},
		{"c.jsonl", "", "jsonl c.jsonl", ""},
		{"d.json", "", "json d.json", ""},
		{"e.json", "", "squad e.json", ""},
		{"f.txt", "", "text f.txt", ""},
		{"g.conll", "", "conll g.conll", ""},
		{"h.dat", CSV, "csv h.dat", ""},
		{"train=a.csv", "", "csv a.csv train", ""},
		{"k=v.csv", "", "csv k=v.csv", ""},
		{"[ab].?sv", "", "csv a.csv, tsv b.tsv", ""},
		{"imdb", "", "classes imdb/neg/1.txt (neg), classes imdb/neg/2.txt (neg), classes imdb/pos/1 (pos) left out: " +
			"[urls.txt]", ""},
		{"test=imdb", Classes, "classes imdb/neg/1.txt test (neg), classes imdb/neg/2.txt test (neg), classes " +
			"imdb/pos/1 test (pos) left out: [urls.txt]", ""},
		{"imdb/neg", Classes, "classes imdb/neg/1.txt (neg), classes imdb/neg/2.txt (neg)", ""},
		{"docs", "", "documents docs/a.txt, documents docs/b.txt left out: [README]", ""},
		{"docs", Documents, "documents docs/README, documents docs/a.txt, documents docs/b.txt", ""},
		{"logs", "", "csv logs/x.csv, csv logs/y.csv", ""},
		{"h.dat", "", "", "find inputs: h.dat: its name does not tell its format: choose one of [csv"},
		{"i.csv.gz", "", "csv i.csv.gz", ""},
		{"i.csv.xz", "", "", "it is packed: unpack it first (only .gz is read as it is)"},
		{"j.parquet", "", "", "it is parquet already"},
		{"nowhere.csv", "", "", "find inputs: nowhere.csv does not exist"},
		{"*.xyz", "", "", "no file matches *.xyz"},
		{"mixed", "", "", "files of different formats, x.csv and y.json"},
		{"nested", "", "classes nested/train/pos/1.txt train (pos)", ""},
		{"deep", "", "", "class folder pets has folders in it, want files: if it is a split, name it as in " +
			"train=deep/pets"},
		{"void", "", "", "class folder pos has no files"},
		{"none", "", "", "none of the folder's files is of a known format, such as "},
		{"hub", "", "", "the folder holds parquet already, such as train-00000-of-00001.parquet"},
		{"hub/data", "", "", "the folder holds parquet already"},
		{"card", "", "csv card/d/a.csv forget, csv card/d/a.csv retain, csv card/d/b.csv retain", ""},
		{"test=card", "", "csv card/d/a.csv test, csv card/d/b.csv test", ""},
		{"card", Text, "text card/d/a.csv forget, text card/d/a.csv retain, text card/d/b.csv retain", ""},
		{"cards", "", "", "cards/README.md names files of different formats, cards/a.txt and cards/b.csv"},
		{"configs", "", "", "folder configs holds 2 configurations by configs/README.md: a, b: name the files of one " +
			"of them, such as configs/a.csv"},
		{"a.csv", "excel", "", `format "excel", want one of`},
	} {
		t.Run(c.argument+" "+string(c.format), func(t *testing.T) {
			groups, err := FindInputs([]string{c.argument}, c.format)
			var shown []string
			for _, g := range groups {
				for _, in := range g.Inputs {
					text := fmt.Sprint(in.Format, " ", in.Path)
					if in.Split != "" {
						text += " " + in.Split
					}
					if in.Label != "" {
						text += " (" + in.Label + ")"
					}
					shown = append(shown, text)
				}
				if g.LeftOut != nil {
					shown[len(shown)-1] += fmt.Sprint(" left out: ", g.LeftOut)
				}
			}
			if got := strings.Join(shown, ", "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if c.err == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got error %v, want %q", err, c.err)
			}
		})
	}
}
