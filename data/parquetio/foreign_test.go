package parquetio

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go/format"
)

func TestImportWay(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a.csv", "text,label\nx,1\ny,2\n", "import.output a.parquet a.csv"},
		{"a.csv", "a,b\n", "import.output a.parquet a.csv"},
		{"my data.jsonl", `{"text": "a long line"}`, "import.output 'my data.parquet' 'my data.jsonl'"},
		{"it's.txt", "some lines of text", `import.output 'it'\''s.parquet' 'it'\''s.txt'`},
		{"a.tsv.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "import.output a.parquet a.tsv.gz"},
		{"a.bin", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c", ""},
		{"a.parquet", "some text in place of it", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile(filepath.Base(c.name), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(c.name)
			if err == nil || c.want == "" && strings.Contains(err.Error(), "import") ||
				!strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("error %v, want the way %q", err, c.want)
			}
		})
	}
}

// A folder without parquet is answered with the way to make some of what it holds.
func TestFolderWay(t *testing.T) {
	for _, c := range []struct{ name, files, want string }{
		{"table", "data/a.csv", "but files such as a.csv: make parquet of them with import.output data-parquet data, " +
			"and name that"},
		{"packed", "data/README.md data/b.JSONL.gz", "but files such as b.JSONL.gz: make parquet"},
		{"splits", "data/test.json data/train.json", "such as test.json: make parquet of them with import.output " +
			"data-parquet data, "},
		{"folder", "data/sub/a.parquet data/a.csv", "but its folder data/sub does: name that"},
		{"folders", "data/a/a.parquet data/b/b.parquet", "but 2 of its folders do: name those that are wanted, such " +
			"as data/a"},
		{"nothing", "data/README.md data/.hidden.csv data/a.csv.part", "no *.parquet file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for _, name := range strings.Fields(c.files) {
				if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, []byte("a,b"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, path := range []string{"data", "data/"} {
				if _, err := Open(path); err == nil || !strings.Contains(err.Error(), c.want) ||
					c.name == "nothing" && !strings.HasSuffix(err.Error(), c.want) {
					t.Errorf("open %s: %v, want %q", path, err, c.want)
				}
			}
		})
	}
}

// TestTwins names a column that a file has twice, in the first file as in others, and both its places.
func TestTwins(t *testing.T) {
	schema := []format.SchemaElement{{Name: "root"}}
	for _, name := range []string{"text", "label", "text"} {
		e := format.SchemaElement{Name: name}
		e.Type.V, e.Type.Valid = format.ByteArray, true
		schema = append(schema, e)
	}
	columns, err := schemaColumns(schema)
	if err != nil {
		t.Fatal(err)
	}
	s := &shard{path: "f", columns: columns, byName: map[string]int{"text": 2, "label": 1}}
	got := newDataset([]*shard{s}).Conflicts()
	const want = "column text occurs twice in f, as columns 1 and 3 of 3: rename one"
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
