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
	Env     string // T5TRAIN_TRAIN_BATCH_SIZE; empty for a key of an entry of data.mixture
	Want    string // type, unit and range: "a whole number of examples >= 0"
	Default string // in YAML; "unset" for an optional key
	Doc     string // sentences on one line

	Use         string // the only kind of run that has the key, "pre-training" or "fine-tuning"; empty is both
	Pretraining string // the default of pre-training, where that is another one
}

// Keys lists every key in the order of [Config].
func Keys() []Key {
	docs := parseDocs()
	tuning, training := Default(), DefaultPretraining()
	var keys []Key
	for _, f := range fields() {
		k := Key{Path: f.path, Env: envName(f.path), Want: f.want(), Default: f.defaultIn(tuning), Doc: docs.field(f), Use: f.use}
		other := f.defaultIn(training)
		switch {
		case f.foreign(finetuning):
			k.Default = other
		case !f.foreign(pretraining) && other != k.Default:
			k.Pretraining = other
		}
		keys = append(keys, k)
		if f.path == "data.mixture" {
			for _, p := range partFields() {
				keys = append(keys, Key{Path: f.path + "[]." + p.path, Want: p.want(), Default: "unset", Doc: docs.field(p), Use: p.use})
			}
		}
	}
	return keys
}

// defaultIn writes the value of the key in a default configuration.
func (f field) defaultIn(c *Config) string {
	if v, ok := f.value(c); ok && !f.unset(v) {
		return inline(v)
	}
	return "unset"
}

// unset tells whether the value of a key is nothing: no text, or an empty list. That of an optional key is something.
func (f field) unset(v reflect.Value) bool {
	return !f.optional() && (v.Kind() == reflect.String || v.Kind() == reflect.Slice) && v.Len() == 0
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
