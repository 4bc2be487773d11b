package dataset

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/data/task"
	"t5train/internal/splits"
	"t5train/internal/testdir"
)

// trainFile has messages and their labels.
const trainFile = "../../testdata/sms_spam/train-00000-of-00001.parquet"

func TestMain(m *testing.M) {
	testdir.InMemory()
	os.Exit(m.Run())
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

// rowsOf returns the cells of all columns of a data set, a row a line.
func rowsOf(t *testing.T, set *parquetio.Dataset) string {
	t.Helper()
	var names, rows []string
	for _, c := range set.Columns() {
		names = append(names, c.Name)
	}
	err := set.Scan(t.Context(), names, func(row int64, cells []table.Cell) error {
		var texts []string
		for _, c := range cells {
			texts = append(texts, c.String())
		}
		rows = append(rows, strings.Join(texts, " "))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ") + "\n" + strings.Join(rows, "\n")
}

// Files of every format are the rows that they hold, several as one table, and folders have splits.
func TestOpenFiles_Formats(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.csv":          "text,label\n\"one, two\",ham\nthree,\n",
		"b.tsv":          "text\tlabel\nfour\tspam\n",
		"c.jsonl":        `{"text": "five", "label": "ham"}` + "\n",
		"d.csv.gz":       zipped("text,label\nsix,spam\n"),
		"semicolons.csv": "text;label\nseven;ham\neight;spam\n",
		"lines.txt":      "nine\nten\n",
		"types.jsonl": `{"n": 1, "t": ["a", "b"], "o": {"x": 2.5}}
{"n": null, "t": [], "o": {"x": 1}}
`,
		"named/train.csv":                       "text\ntrain\n",
		"named/dev.csv":                         "text\ndev\n",
		"below/data/train-00000-of-00001.jsonl": `{"text": "train"}` + "\n",
		"below/data/extra-00000-of-00001.jsonl": `{"text": "extra"}` + "\n",
		"classes/train/pos/1.txt":               "good",
		"classes/train/neg/1.txt":               "bad",
		"classes/test/pos/2.txt":                "fine",
		"card/README.md": "---\nconfigs:\n- config_name: x\n  data_files:\n  - {split: train, path: x/*}\n  - {" +
			"split: " +
			"test, path: y.csv}\n- config_name: z\n  data_files: z.csv\n---\n",
		"card/x/1.csv": "text\none\n", "card/x/2.csv": "text\ntwo\n", "card/y.csv": "text\nthree\n",
		"card/z.csv": "text\nfour\n",
	} {
		folder := filepath.Join(dir, filepath.Dir(name))
		if err := os.MkdirAll(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		testdir.Write(t, folder, filepath.Base(name), text)
	}
	for _, c := range []struct {
		names  string
		wanted []string
		want   string // behind ! what the error says
	}{
		{"a.csv", ForTraining, "text label\n\"one, two\" \"ham\"\n\"three\" \"\""},
		{"d.csv.gz b.tsv c.jsonl", ForTraining, "text label\n\"four\" \"spam\"\n\"five\" \"ham\"\n\"six\" \"spam\""},
		{"[bd].*", nil, "text label\n\"four\" \"spam\"\n\"six\" \"spam\""},
		{"semicolons.csv", ForTraining, "text label\n\"seven\" \"ham\"\n\"eight\" \"spam\""},
		{"lines.txt", ForTraining, "text\n\"nine\"\n\"ten\""},
		{"types.jsonl", ForTraining, "n t o.x\n1 [\"a\", \"b\"] 2.5\nnull [] 1"},
		{"named", ForTraining, "text\n\"train\""},
		{"named", ForEvaluation, "text\n\"dev\""},
		{"named#validation", ForTraining, "text\n\"dev\""},
		{"named#test", ForTraining, `!has no split or configuration "test": its splits are train, validation`},
		{"below", ForTraining, "text\n\"train\""},
		{"below#extra", ForTraining, "text\n\"extra\""},
		{"classes", ForTraining, "text label\n\"bad\" 0\n\"good\" 1"},
		{"classes", ForEvaluation, "text label\n\"fine\" 0"},
		{"classes#test", ForTraining, "text label\n\"fine\" 0"},
		{"card", ForTraining, "!holds 2 configurations by DIR/card/README.md: x, z"},
		{"card#x", ForTraining, "text\n\"one\"\n\"two\""},
		{"card#x/test", ForTraining, "text\n\"three\""},
		{"card#z", ForTraining, "text\n\"four\""},
		{"card#x/dev", ForTraining, `!has no split or configuration "x/dev"`},
		{"none.csv", ForTraining, "!none.csv does not exist"},
		{"a.csv#train", ForTraining, "!a.csv#train does not exist"},
	} {
		var patterns []string
		for _, name := range strings.Fields(c.names) {
			patterns = append(patterns, filepath.Join(dir, name))
		}
		set, err := OpenData(t.Context(), patterns, c.wanted)
		if want, fails := strings.CutPrefix(c.want, "!"); fails {
			if want = strings.ReplaceAll(want, "DIR", dir); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q", c.names, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.names, err)
			continue
		}
		if got := rowsOf(t, set); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.names, got, c.want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "t5train-*.parquet")); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
}

// What is made of a file is made once for a process, and anew when the file is another one.
func TestOpenFiles_Again(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	for i, text := range []string{"text\none\n", "text\ntwo\nthree\n"} {
		testdir.Write(t, dir, "a.csv", text)
		for range 2 {
			set, err := OpenFiles(t.Context(), []string{path}, ForTraining)
			if err != nil {
				t.Fatal(err)
			}
			if n := int(set.Rows()); n != i+1 {
				t.Errorf("got %d rows, want %d", n, i+1)
			}
			if f := set.Files()[0]; f.Path != path || f.Bytes != int64(len(text)) || f.Digest != "" {
				t.Errorf("got %+v", f)
			}
			if name, row := set.Locate(int64(i)); name != path || row != int64(i) {
				t.Errorf("row %d is at %s, %d", i, name, row)
			}
		}
	}
	if n := len(imports.made); n < 2 {
		t.Errorf("%d imports are held", n)
	}
}

// Mistakes in files of other formats name the place, and what is odd is noted.
func TestOpenFiles_Says(t *testing.T) {
	dir := t.TempDir()
	testdir.Write(t, dir, "bad.csv", "text,label\none\n")
	testdir.Write(t, dir, "index.csv", ",text\n0,one\n1,two\n")
	_, err := OpenFiles(t.Context(), []string{filepath.Join(dir, "bad.csv")}, ForTraining)
	if err == nil || !strings.Contains(err.Error(), "bad.csv: line 2: 1 cells, want 2") {
		t.Errorf("error %v", err)
	}
	set, err := OpenFiles(t.Context(), []string{filepath.Join(dir, "index.csv")}, ForTraining)
	if err != nil || !slices.ContainsFunc(set.Notes(), func(n string) bool {
		return strings.Contains(n, "counts the rows, as pandas writes its index")
	}) {
		t.Errorf("got the notes %q, %v", set.Notes(), err)
	}
	if got := rowsOf(t, set); got != "text\n\"one\"\n\"two\"" {
		t.Errorf("got %s", got)
	}
}

// A choice and what is named for it are the same, whatever has the names.
func TestChosen(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "a#b"), 0o777); err != nil {
		t.Fatal(err)
	}
	for argument, want := range map[string]string{"": "/", "#x": "/x", "/a#b": "/a#b/", "/a#b#c": "/a#b/c",
		"/none#x": "/none#x/", "#x/y": "/x/y"} {
		folder, choice := splits.Chosen(dir + argument)
		if got := fmt.Sprintf("%s/%s", strings.TrimPrefix(folder, dir), choice); got != want {
			t.Errorf("%s: got %s, want %s", argument, got, want)
		}
	}
}

// The numbers of a table are texts, and a regression takes them; what looks like a number to Go alone is none.
func TestInfer_NumbersOfATable(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, want string }{
		"score": {"id,one,two,score\na1,x y,z w,1.5\nb2,y z,x x,3\n", "score"},
		"only":  {"one,similarity\nx y,1.5\ny z,-3e1\nz z,\n", "similarity"},
		"none":  {"one,similarity\nx y,1.5\ny z,0x10\n", ""},
	} {
		testdir.Write(t, dir, name+".csv", c.text)
		rows, err := Open(t.Context(), []string{filepath.Join(dir, name+".csv")}, ForTraining, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := rows.Infer(t.Context(), task.Spec{Name: task.Regression}, nil)
		if spec.LabelColumn != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: got column %q, %v, want %q", name, spec.LabelColumn, err, c.want)
		}
	}
}

// Parquet of a server is the rows that the file has, also beside files of this machine; other files of it are refused.
func TestOpenFiles_URL(t *testing.T) {
	file, err := os.ReadFile(trainFile)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
	}))
	defer s.Close()
	t.Setenv("HF_HOME", t.TempDir())
	address := s.URL + "/data/train.parquet?token=secret"
	set, err := OpenData(t.Context(), []string{address}, ForTraining)
	if err != nil {
		t.Fatal(err)
	}
	local, err := OpenData(t.Context(), []string{trainFile}, ForTraining)
	if err != nil {
		t.Fatal(err)
	}
	if rowsOf(t, set) != rowsOf(t, local) {
		t.Error("other rows than in the file")
	}
	if f := set.Files()[0]; f.Path != s.URL+"/data/train.parquet" || f.Digest == "" || f.Bytes != int64(len(file)) {
		t.Errorf("got %+v", f)
	}
	both, err := OpenData(t.Context(), []string{trainFile, address}, ForTraining)
	if err != nil || both.Rows() != 2*local.Rows() {
		t.Errorf("got %d rows, %v", both.Rows(), err)
	}
	_, err = OpenData(t.Context(), []string{s.URL + "/train.csv"}, ForTraining)
	if err == nil || !strings.Contains(err.Error(), "of servers parquet alone is read") {
		t.Errorf("a table: error %v", err)
	}
}
