package configs

import (
	_ "embed"
	"reflect"
	"strings"

	"t5train/checkpoints/peft"
	"t5train/data/objective"
	"t5train/data/task"
	"t5train/trainer/distill"
	"t5train/trainer/optim"
)

// source is config.go itself: the doc comments of its fields are the documentation of the keys, but for those of the
// sections objective, task, lora, distill and optimizer, which are in the variables Source of their packages.
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

// parseDocs reads the comments out of the sources, which gofmt has laid out: those of types stand at the beginning of
// their lines, those of fields behind a tab, each above what it documents. A test holds it to package go/parser, which
// would make the program larger.
func parseDocs() docs {
	d := docs{}
	for _, source := range []string{source, objective.Source, task.Source, optim.Source, peft.Source, distill.Source} {
		name, owner, comment := "", "", ""
		for line := range strings.Lines(source) {
			line = strings.TrimRight(line, "\n")
			inner, isField := strings.CutPrefix(line, "\t")
			if text, ok := strings.CutPrefix(inner, "//"); ok {
				comment += strings.TrimPrefix(text, " ") + "\n"
				continue
			}
			word, rest, _ := strings.Cut(inner, " ")
			switch {
			case word == "package":
				name = rest
			case word == "type" && !isField:
				owner = name + "." + strings.Fields(rest)[0]
				d[owner] = oneLine(comment)
			case isField && owner != "" && word != "" && !strings.ContainsAny(word[:1], "\t/"):
				d[owner+"."+word] = oneLine(comment)
			}
			comment = ""
		}
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
func oneLine(comment string) string {
	text, _, _ := strings.Cut(comment, "\n\n")
	return strings.Join(strings.Fields(text), " ")
}
