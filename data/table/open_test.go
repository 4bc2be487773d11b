package table

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadPackedFiles(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, `{"data": [{"paragraphs": []}], "version": "`+strings.Repeat("2.0 ", 1000)+`"}`)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	groups, err := FindInputs([]string{write("a.json.gz", packed.Bytes())}, "")
	if err != nil || groups[0].Inputs[0].Format != SQuAD {
		t.Errorf("found %v, %v, want squad", groups, err)
	}
	for name, c := range map[string]struct {
		content []byte
		format  Format
		want    string
	}{
		"whole.txt.gz": {packed.Bytes(), Text, ""},
		"TWICE.TXT.GZ": {append(bytes.Clone(packed.Bytes()), packed.Bytes()...), Documents, ""}, // as cat makes them
		"half.json.gz": {packed.Bytes()[:packed.Len()/2], JSON, "half.json.gz: unpack: unexpected EOF: is the file " +
			"whole"},
		"half.csv.gz": {packed.Bytes()[:packed.Len()-4], CSV, "half.csv.gz: unpack: unexpected EOF: is the file " +
			"whole"},
		"unpacked.gz":   {[]byte("no gzip at all"), Text, "unpacked.gz: unpack: gzip: invalid header"},
		"empty.txt.gz":  {nil, Text, "empty.txt.gz: unpack: EOF: is the file whole"},
		"not_gz.txt.gy": {[]byte("one row"), Text, ""},
	} {
		rows := 0
		err := ReadFile(t.Context(), Input{Path: write(name, c.content), Format: c.format},
			ReadOptions{NoHeader: true, NoQuotes: true}, func(Row) error { rows++; return nil })
		if c.want == "" && (err != nil || rows != 1) || c.want != "" && (err == nil ||
			!strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %d rows, %v, want %q", name, rows, err, c.want)
		}
	}
}
