package house

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// source is a Go file of the module.
type source struct {
	name    string // with slashes, from the root of the module
	folder  string // the package, as imports name it without the module
	test    bool   // *_test.go
	made    bool   // generated
	imports []string
	lines   int
	long    []int // numbers of lines of more than lineLength columns
	text    []byte
}

// lineLength is the most columns of a line; a tab takes four.
const lineLength = 120

// separate are folders with Go files that are no packages of the program.
var separate = []string{".ci", "model/kernel/gen"}

// sources reads all Go files of the module, whatever system they are for.
var sources = sync.OnceValues(func() ([]source, error) {
	root := os.DirFS(filepath.Join("..", ".."))
	var all []source
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || d.Name() == "testdata" || slices.Contains(separate, name)):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		s, err := read(root, name)
		all = append(all, s)
		return err
	})
	return all, err
})

func read(root fs.FS, name string) (source, error) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return source{}, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	s := source{name: name, folder: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
		made: ast.IsGenerated(file), text: text}
	for _, i := range file.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		s.imports = append(s.imports, p)
	}
	for line := range bytes.Lines(text) {
		s.lines++
		columns := utf8.RuneCount(bytes.TrimRight(line, "\r\n")) + 3*bytes.Count(line, []byte("\t"))
		if columns > lineLength {
			s.long = append(s.long, s.lines)
		}
	}
	return s, nil
}

func all(t *testing.T) []source {
	t.Helper()
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// module is what the import paths of the module begin with, from go.mod.
func module(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(string(text), "module "), "\n")
	return name
}
