package configs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"testing"

	"t5train/checkpoints/peft"
	"t5train/data/objective"
	"t5train/data/task"
	"t5train/trainer/optim"
)

// The comments of the keys are those that Go's own parser finds.
func TestDocsAsGoParsesThem(t *testing.T) {
	want := docs{}
	for _, source := range []string{source, objective.Source, task.Source, optim.Source, peft.Source} {
		file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.TYPE {
				continue
			}
			spec := decl.Specs[0].(*ast.TypeSpec)
			owner := file.Name.Name + "." + spec.Name.Name
			want[owner] = oneLine(decl.Doc.Text())
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					for _, name := range f.Names {
						want[owner+"."+name.Name] = oneLine(f.Doc.Text())
					}
				}
			}
		}
	}
	got := parseDocs()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			t.Errorf("%s: %q, want %q", name, got[name], want[name])
		}
	}
}
