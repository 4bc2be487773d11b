package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// grouped reports whether imports stand in their groups: the standard library, other modules, this one, each in the
// order of the alphabet and with an empty line between. An import that is renamed counts by its path.
func grouped(files *token.FileSet, imports []*ast.ImportSpec, ours string) bool {
	group := func(i *ast.ImportSpec) int {
		path := strings.Trim(i.Path.Value, `"`)
		first, _, _ := strings.Cut(path, "/")
		switch {
		case strings.HasPrefix(path, ours+"/"):
			return 2
		case strings.Contains(first, "."):
			return 1
		}
		return 0
	}
	for n, i := range imports[min(1, len(imports)):] {
		before := imports[n]
		same := files.Position(i.Pos()).Line == files.Position(before.End()).Line+1
		switch {
		case group(i) < group(before), same != (group(i) == group(before)):
			return false
		case same && i.Path.Value < before.Path.Value:
			return false
		}
	}
	return true
}

func TestGrouped(t *testing.T) {
	for text, want := range map[string]bool{
		"\"fmt\"\n\"os\"\n\n\"gorgonia.org/tensor\"\n\n\"t5train/data\"": true,
		"\"fmt\"\n\"t5train/data\"":                                      false,
		"\"t5train/data\"\n\n\"fmt\"":                                    false,
		"\"os\"\n\"fmt\"":                                                false,
		"\"fmt\"\n\n\"os\"":                                              false,
	} {
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, "", "package p\nimport (\n"+text+"\n)", parser.ImportsOnly)
		if err != nil || grouped(files, f.Imports, "t5train") != want {
			t.Errorf("%q: got %v, %v", text, !want, err)
		}
	}
}

func TestImportGroups(t *testing.T) {
	ours := module(t)
	for _, s := range all(t) {
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, s.name, s.text, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		if !s.made && !grouped(files, f.Imports, ours) {
			t.Errorf("%s: group its imports: the standard library, other modules, %s", s.name, ours)
		}
	}
}
