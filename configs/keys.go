package configs

import (
	_ "embed"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"

	"t5train/checkpoints/peft"
	"t5train/data/objective"
	"t5train/data/task"
	"t5train/trainer/optim"
)

// source is config.go itself: the doc comments of its fields are the documentation of the keys, but for those of the
// sections objective, task, lora and optimizer, which are in the variables Source of their packages.
//
//go:embed config.go
var source string

// Key documents one key.
type Key struct {
	Path    string // train.batch_size
	Env     string // T5TRAIN_TRAIN_BATCH_SIZE; empty for a key of an entry of data.mixture
	Want    string // type, unit and range: "an integer number of examples >= 0"
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
		k := Key{Path: f.path, Env: envName(f.path), Want: f.want(), Default: f.defaultIn(tuning), Doc: docs.field(f),
			Use: f.use}
		other := f.defaultIn(training)
		switch {
		case f.foreign(finetuning):
			k.Default = other
		case !f.foreign(pretraining) && other != k.Default:
			k.Pretraining = other
		}
		keys = append(keys, k)
		if f.path == "data.mixture" {
			for _, p := range componentFields() {
				keys = append(keys, Key{Path: f.path + "[]." + p.path, Want: p.want(), Default: "unset",
					Doc: docs.field(p), Use: p.use})
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

// unset reports whether the value of a key is nothing: no text, or an empty list. That of an optional key is something.
func (f field) unset(v reflect.Value) bool {
	return !f.optional() && (v.Kind() == reflect.String || v.Kind() == reflect.Slice) && v.Len() == 0
}

// docs holds the doc comments of fields by type and name, "configs.Train.BatchSize", and those of types.
type docs map[string]string

// parseDocs reads the comments out of the sources. They compiled, so they parse.
func parseDocs() docs {
	d := docs{}
	for _, source := range []string{source, objective.Source, task.Source, optim.Source, peft.Source} {
		file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.ParseComments)
		if err != nil {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			decl, ok := n.(*ast.GenDecl)
			if !ok || decl.Tok != token.TYPE {
				return true
			}
			spec := decl.Specs[0].(*ast.TypeSpec)
			owner := file.Name.Name + "." + spec.Name.Name
			d[owner] = oneLine(decl.Doc)
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					for _, name := range f.Names {
						d[owner+"."+name.Name] = oneLine(f.Doc)
					}
				}
			}
			return false
		})
	}
	return d
}

func (d docs) field(f field) string { return d[f.owner.String()+"."+f.name] }

// section returns what a section is about: "Train says how long a run is ...".
func (d docs) section(f field) string {
	name, _, _ := strings.Cut(f.path, ".")
	_, rest, _ := strings.Cut(d[f.owner.String()], " ")
	return strings.ToUpper(name[:1]) + name[1:] + " " + rest
}

// oneLine returns the first paragraph of a comment.
func oneLine(comment *ast.CommentGroup) string {
	text, _, _ := strings.Cut(comment.Text(), "\n\n")
	return strings.Join(strings.Fields(text), " ")
}
