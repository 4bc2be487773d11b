package configs

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"t5train/data/objective"
	"t5train/trainer/optim"
)

// Every key is documented: a new field without a comment fails here.
func TestKeys(t *testing.T) {
	keys := Keys()
	if want := len(fields()) + len(componentFields()); len(keys) != want {
		t.Fatalf("got %d keys, want %d", len(keys), want)
	}
	seen := map[string]string{}
	for _, k := range keys {
		if !strings.HasSuffix(k.Doc, ".") || len(k.Doc) < 20 {
			t.Errorf("%s: got documentation %q, want sentences in the comment of its field", k.Path, k.Doc)
		}
		if strings.HasPrefix(k.Path, "data.mixture[].") && k.Env == "" {
			continue
		}
		if k.Path != strings.ToLower(k.Path) || strings.Count(k.Path, ".") > 1 {
			t.Errorf("%s: want section.key in lower case: viper knows no other", k.Path)
		}
		if other, twice := seen[k.Env]; twice {
			t.Errorf("%s: %s has the variable %s too", k.Path, other, k.Env)
		}
		seen[k.Env] = k.Path
	}
	for _, want := range []Key{
		{Path: "train.log_every", Env: "T5TRAIN_TRAIN_LOG_EVERY", Default: "10",
			Want: "an integer number of steps >= 1",
			Doc: "Steps from one row of metrics.jsonl to the next. A log that is no terminal has a line of them " +
				"every ten seconds."},
		{Path: "data.mixture[].name", Want: "text", Default: "unset",
			Doc: "Name in messages. Required, and another one for each component."},
	} {
		if !slices.Contains(keys, want) {
			t.Errorf("want the key %+v", want)
		}
	}
	use := map[string][3]string{ // kind of run, default, default of pre-training
		"schedule.name": {"", "constant", "rsqrt"}, "data.split": {pretraining, "concat", ""}, "task.name": {finetuning,
			"unset", ""},
	}
	for _, k := range keys {
		if want, ok := use[k.Path]; ok && want != [3]string{k.Use, k.Default, k.Pretraining} {
			t.Errorf("%s: got kind %q, default %q, of pre-training %q, want %q", k.Path, k.Use, k.Default,
				k.Pretraining, want)
		}
	}
}

// The defaults that Keys prints are those that loading gives.
func TestKeysDefaultsLoad(t *testing.T) {
	for _, k := range Keys() {
		defaults := Default()
		if k.Use == pretraining {
			defaults = DefaultPretraining()
		}
		if k.Default == "unset" {
			continue
		}
		var n yaml.Node
		if err := yaml.Unmarshal([]byte(k.Default), &n); err != nil {
			t.Errorf("%s: default %q: %v", k.Path, k.Default, err)
			continue
		}
		r := newReader()
		value, wrong := r.fields[k.Path].decode(n.Content[0])
		want, _ := r.fields[k.Path].value(defaults)
		if wrong != "" || !reflect.DeepEqual(value, want.Interface()) {
			t.Errorf("%s: default %q reads as %v (%s), want %v", k.Path, k.Default, value, wrong, want)
		}
	}
}

func TestYAMLRoundTrip(t *testing.T) {
	awkward := minimal + `tokenizer: {path: "a: b #c"}
train: {clip_norm: 1e-30, epochs: 0.1, seed: 123456789012}
optimizer: {relative_step: true, scale_parameter: true}
`
	tests := map[string]LoadOptions{
		"minimal": {},
		"awkward text": {Set: []string{"task.prefix=\"null\"", `task.labels=["true", "1", "a\nb", " ", "é"]`,
			"task.text_columns=[a, b]"}},
		"optional": {Set: []string{"model.dropout_rate=0", "model.tie_word_embeddings=false",
			"optimizer.relative_step=null"}},
		"sgd": {Set: []string{"optimizer.name=sgd", "optimizer.relative_step=null",
			"optimizer.scale_parameter=null"}},
		"tokens": {Set: []string{"train.batch_tokens=4096", "train.steps=10"}},
	}
	for name, opts := range tests {
		t.Run(name, func(t *testing.T) {
			want := mustLoad(t, awkward, opts)
			text, err := want.YAML()
			if err != nil {
				t.Fatal(err)
			}
			got := mustLoad(t, string(text), LoadOptions{})
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v from\n%s", got, want, text)
			}
			again, err := got.YAML()
			if err != nil || string(again) != string(text) {
				t.Errorf("written again: got\n%s%v, want\n%s", again, err, text)
			}
		})
	}
}

func TestYAMLIsDocumentedAndInOrder(t *testing.T) {
	text, err := mustLoad(t, minimal, LoadOptions{}).YAML()
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, part := range []string{
		"output: runs/a # Folder of the run", "\n# Model says which weights", "\nmodel:\n",
		"\n  size: small # Size of a model", "\n  train: [a.parquet] # ",
		"\ntrain:\n", "\n  epochs: 10 # ", "\noptimizer:\n", "\n  learning_rate: 0.01 # Peak", "\ncheckpoint:\n",
		"\n  keep_last: 2 # ",
	} {
		i := strings.Index(string(text[at:]), part)
		if i < 0 {
			t.Fatalf("want %q after byte %d of\n%s", part, at, text)
		}
		at += i + len(part) - 1
	}
	if strings.Contains(string(text), "momentum") {
		t.Errorf("want no key of another optimizer in\n%s", text)
	}
}

func TestBadRangeTagPanics(t *testing.T) {
	for _, tag := range []string{">= x", "= 1", "1"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("range tag %q: want a panic", tag)
				}
			}()
			parseBounds(tag)
		}()
	}
}

// Every name that a list of other packages has is one that a configuration may have, with defaults that are valid, and
// stands in what is wanted of the key.
func TestEveryNameLoads(t *testing.T) {
	want := map[string]string{}
	for _, k := range Keys() {
		want[k.Path] = k.Want
	}
	for key, names := range map[string][]string{
		"optimizer.name": optim.Names(), "objective.name": objective.Names(), "schedule.name": optim.ScheduleNames(),
	} {
		if list := "one of " + strings.Join(names, ", "); want[key] != list {
			t.Errorf("%s: got %q wanted, want %q", key, want[key], list)
		}
		for _, name := range names {
			text := minimal
			if key == "objective.name" {
				text = pretrain
			}
			c := mustLoad(t, text, LoadOptions{Set: []string{key + "=" + name}})
			if rate, err := c.Optimizer.Rate(); err != nil || rate <= 0 {
				t.Errorf("%s %s: got the learning rate %g, %v", key, name, rate, err)
			}
		}
	}
}
