package configs

import (
	_ "embed"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
)

// source is config.go itself: the doc comments of its fields are the documentation of the keys.
//
//go:embed config.go
var source string

// Key documents one key.
type Key struct {
	Path    string // train.batch_size
	Env     string // T5TRAIN_TRAIN_BATCH_SIZE
	Want    string // type, unit and range: "a whole number of examples >= 0"
	Default string // in YAML; "unset" for an optional key
	Doc     string // sentences on one line
}

// Keys lists every key in the order of [Config].
func Keys() []Key {
	docs := parseDocs()
	defaults := Default()
	var keys []Key
	for _, f := range fields() {
		k := Key{Path: f.path, Env: envName(f.path), Want: f.want(), Default: "unset", Doc: docs.field(f)}
		if v, ok := f.value(defaults); ok && !unset(v) {
			k.Default = inline(v)
		}
		keys = append(keys, k)
	}
	return keys
}

// unset tells whether a key holds nothing: no text, an empty list.
func unset(v reflect.Value) bool {
	return (v.Kind() == reflect.String || v.Kind() == reflect.Slice) && v.Len() == 0
}

// docs holds the doc comments of config.go by type and by type and field: "Train", "Train.BatchSize".
type docs map[string]string

// parseDocs reads the comments out of the source. It compiled, so it parses.
func parseDocs() docs {
	d := docs{}
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", source, parser.ParseComments)
	if err != nil {
		return d
	}
	for _, decl := range file.Decls {
		general, ok := decl.(*ast.GenDecl)
		if !ok || general.Tok != token.TYPE {
			continue
		}
		spec := general.Specs[0].(*ast.TypeSpec)
		d[spec.Name.Name] = oneLine(general.Doc)
		for _, f := range spec.Type.(*ast.StructType).Fields.List {
			d[spec.Name.Name+"."+f.Names[0].Name] = oneLine(f.Doc)
		}
	}
	return d
}

func (d docs) field(f field) string { return d[f.owner.Name()+"."+f.name] }

// section returns what a section is about: "Train says how long a run is ...".
func (d docs) section(owner reflect.Type) string { return d[owner.Name()] }

func oneLine(comment *ast.CommentGroup) string {
	return strings.Join(strings.Fields(comment.Text()), " ")
}
