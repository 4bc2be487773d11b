package configs

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"

	"t5train/configs/suit"
	"t5train/internal/ui"
)

// LoadOptions name the sources of a configuration. All are optional.
type LoadOptions struct {
	File string // path of a YAML file
	// Content is what File holds, where that has been read: a pipe can be read once. Nil: Load reads it.
	Content []byte
	Env     []string // environment, in the form of os.Environ; variables without the prefix T5TRAIN_ are ignored
	Set     []string // key=value, the value in YAML: data.train=[a.parquet,b.parquet]
	SetName string   // the flag that gives Set, for messages
	// Overrides are the values of named flags by key: {"train.batch_size": 16}. A value has the type of its key: int,
	// float64, bool, string or []string. Put in only flags that were given. Set may not have the same keys.
	Overrides map[string]any
	// Sizes are the names that model.size may have. Nil: any.
	Sizes []string
	// DefaultModel is the model.path of fine-tuning that says nothing about its model. Empty: it has to.
	DefaultModel string
	// Facts finds what settings that are not given follow from, for a configuration that may be wrong. Nil: whether
	// weights have learnt is all that counts.
	Facts func(Config) suit.Facts
	// Command is what the configuration is for, pretrain or finetune; empty: what its keys say. One that sets
	// objective.name is of pre-training, and without task.name also one that sets any key that only pre-training has,
	// or mixes text in.
	Command string
	// Sink is told what Load chooses that is not the usual default.
	Sink ui.Sink
	// NoRun is for commands that begin no run: output may be missing, unless token stores go there.
	NoRun bool
	// Paths also checks that what the configuration names is there, as CheckPaths does.
	Paths bool
	// Open, with Paths, tells what is wrong with the data that a path, folder or glob names, of which a folder has the
	// split. Nil: what is there is good.
	Open func(split, pattern string) error
}

// Load reads, merges, resolves and validates a configuration. Its error joins every mistake, one a line; the list is
// what Unwrap() []error of it returns.
func Load(opts LoadOptions) (*Config, error) {
	if opts.File != "" && opts.Content == nil {
		var err error
		if opts.Content, err = ReadFile(opts.File); err != nil {
			return nil, err
		}
	}
	r := newReader()
	layers := r.layers(opts)
	kind := finetuning
	switch opts.Command {
	case "pretrain":
		kind = pretraining
	case "":
		kind = cmp.Or(r.kindOf(layers), finetuning)
	}
	for _, key := range r.older {
		ui.Say(opts.Sink, "", "%s is called %s now", key, CurrentKey(key))
	}
	c, err := merge(r.fields, kind, layers)
	if err != nil {
		return nil, err
	}
	if kind == finetuning && c.namesNoModel() && opts.DefaultModel != "" {
		c.Model.Path = opts.DefaultModel
		ui.Say(opts.Sink, "", "no model is named, so training starts from %s (model.path names another one, "+
			"model.size new random weights)", c.Model.Path)
	}
	if kind == finetuning && (c.Model.Size == "") != (c.Model.Path == "") {
		facts := suit.Facts{Pretrained: c.Model.Path != ""}
		if opts.Facts != nil {
			facts = opts.Facts(*c)
		}
		set := c.suit(facts, func(key string) bool {
			return slices.ContainsFunc(layers, func(l layer) bool { _, ok := l[key]; return ok })
		})
		if len(set) > 0 {
			ui.Say(opts.Sink, "", "settings for %s: %s (their flags and keys change them)", facts,
				strings.Join(set, ", "))
		}
	}
	c.Resolve()
	if opts.NoRun && c.Output == "" && (kind == finetuning || c.Data.Tokens != "") {
		c.Output = "." // nothing is written there
	}
	problems := r.problems
	if r.broken[trainOrMixture[1]] { // the files to train on are named, if wrongly
		r.broken[trainOrMixture[0]] = true
	}
	if !r.unparsed { // else what is missing may well be in the file
		found := append(c.problems(kind), c.unknownSize(opts.Sizes)...)
		if opts.Paths {
			found = append(found, c.missing(opts.Open)...)
		}
		for _, p := range found {
			if p.about(r.broken) {
				continue
			}
			p.at = origin(layers, p.keys)
			if opts.SetName != "" {
				p.text = withValue.ReplaceAllString(p.text, "with "+opts.SetName+" $1")
			}
			problems = append(problems, p)
		}
	}
	if len(problems) > 0 {
		return nil, join(problems)
	}
	return c, nil
}

// namesNoModel reports whether nothing is said about the model: no keys of a new one, and no vocabulary.
func (c *Config) namesNoModel() bool {
	m := c.Model
	m.DropoutRate = nil // which every model has
	return m == Model{} && c.Tokenizer == Tokenizer{} && c.LoRA.Adapter == ""
}

// CommandOf returns the command that a configuration is for by its keys, pretrain or finetune, and "" where no key is
// of one alone. Of the options it takes the sources, File with its Content.
func CommandOf(opts LoadOptions) string {
	r := newReader()
	return map[string]string{pretraining: "pretrain", finetuning: "finetune"}[r.kindOf(r.layers(opts))]
}

// layers reads the sources; a later layer counts more.
func (r *reader) layers(opts LoadOptions) []layer {
	var layers []layer
	if opts.File != "" {
		layers = append(layers, r.file(opts.File, opts.Content))
	}
	return append(layers, r.env(opts.Env), r.flags(opts))
}

// withValue matches the remedy to set a key to a value.
var withValue = regexp.MustCompile(`\bwith ([a-z]+\.[a-z0-9_]+=)`)

// kindOf returns the kind of run that the keys in the layers are of, be their values right or not, and "" where they
// are of both.
func (r *reader) kindOf(layers []layer) string {
	set := func(key string) bool {
		return slices.ContainsFunc(layers, func(l layer) bool {
			s, ok := l[key]
			return ok && !reflect.ValueOf(s.value).IsZero()
		})
	}
	switch {
	case set("objective.name"):
		return pretraining
	case set("task.name"):
		return finetuning
	}
	only := func(kind string) bool {
		return slices.ContainsFunc(r.paths, func(path string) bool {
			return r.fields[path].use == kind &&
				(set(path) || r.broken[path])
		})
	}
	mixed := func(l layer) bool {
		s, ok := l["data.mixture"]
		return ok && mixesText(s.value.([]Component))
	}
	switch {
	case only(pretraining) || slices.ContainsFunc(layers, mixed):
		return pretraining
	case only(finetuning) || set("data.mixture"):
		return finetuning
	}
	return ""
}

// mixesText reports whether a mixture is of pre-training: an entry is of text, and none has a key that only fine-tuning
// has.
func mixesText(components []Component) bool {
	for _, p := range components {
		for f := range setKeys(componentFields(), p) {
			if f.foreign(pretraining) {
				return false
			}
		}
	}
	return slices.ContainsFunc(components, Component.isText)
}

// keyDelimiter parts the sections of a key inside viper, which by default splits at every dot.
const keyDelimiter = "::"

// merge lays the layers over the defaults.
func merge(byPath map[string]field, kind string, layers []layer) (*Config, error) {
	v := viper.NewWithOptions(viper.KeyDelimiter(keyDelimiter))
	usual := Default()
	if kind == pretraining {
		usual = DefaultPretraining()
	}
	defaults := reflect.ValueOf(usual).Elem()
	for path, f := range byPath {
		v.SetDefault(strings.ReplaceAll(path, ".", keyDelimiter), defaults.FieldByIndex(f.index).Interface())
	}
	for _, l := range layers {
		if err := v.MergeConfigMap(l.tree(byPath)); err != nil {
			return nil, fmt.Errorf("merge config: %w", err)
		}
	}
	c := &Config{}
	// The layers are typed already. Without this viper would convert what is not: "10.7" to 10, "1" to true.
	strict := func(d *mapstructure.DecoderConfig) {
		d.TagName = "yaml"
		d.WeaklyTypedInput = false
		d.DecodeHook = nil
	}
	if err := v.UnmarshalExact(c, strict); err != nil {
		return nil, fmt.Errorf("merge config: %w", err)
	}
	return c, nil
}

// tree nests the layer by sections. Where it sets one of several alternatives, it unsets the others, so that no lower
// layer brings one back; where it sets more, all stay and Validate objects. Files to train on take no mixture away,
// which says too much to be lost to a flag: there too Validate objects.
func (l layer) tree(byPath map[string]field) map[string]any {
	tree := map[string]any{}
	put := func(path string, value any) {
		at := tree
		section, key, dotted := strings.Cut(path, ".")
		if !dotted {
			at[section] = value
			return
		}
		if at[section] == nil {
			at[section] = map[string]any{}
		}
		at[section].(map[string]any)[key] = value
	}
	for path, s := range l {
		put(path, s.value)
	}
	for _, group := range append(alternatives[:], trainOrMixture) {
		for _, path := range group {
			s, ok := l[path]
			if path == trainOrMixture[0] || !ok || reflect.ValueOf(s.value).IsZero() {
				continue
			}
			for _, rival := range group {
				if _, given := l[rival]; !given {
					put(rival, reflect.Zero(byPath[rival].typ).Interface())
				}
			}
		}
	}
	return tree
}

// origin returns where the value of the first of the keys that is set stands.
func origin(layers []layer, keys []string) string {
	for _, key := range keys {
		for _, l := range slices.Backward(layers) {
			if s, ok := l[key]; ok {
				return s.at
			}
		}
	}
	return ""
}
