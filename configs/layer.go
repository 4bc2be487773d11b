package configs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"t5train/internal/nearest"
	"t5train/internal/visible"
)

// layer holds what one source sets: a file, the environment, the flags.
type layer map[string]setting

// setting is the value of one key, of exactly the type its field has, and where it stands.
type setting struct {
	value any
	at    string
}

// reader turns sources into layers and gathers their mistakes instead of stopping at the first.
type reader struct {
	fields   map[string]field
	paths    []string // of all keys, in the order of Config
	problems []problem
	broken   map[string]bool // keys with a mistake: nothing more is said about them
	unparsed bool            // the file is not YAML, so nothing is known about what it sets
	older    []string        // keys that are set by the name that they had once
}

// renamed are the keys of older versions by the names that they have now.
var renamed = map[string]string{"task.step": "task.round_to"}

// CurrentKey returns the name that a key has now.
func CurrentKey(key string) string { return cmp.Or(renamed[key], key) }

// currentComponentKey is CurrentKey of a key of an entry of data.mixture.
func currentComponentKey(key string) string {
	return strings.TrimPrefix(CurrentKey("task."+key), "task.")
}

// current is CurrentKey of a key that is set.
func (r *reader) current(key string) string {
	now := CurrentKey(key)
	if now != key {
		r.older = append(r.older, key)
	}
	return now
}

func newReader() *reader {
	r := &reader{fields: map[string]field{}, broken: map[string]bool{}}
	for _, f := range fields() {
		r.fields[f.path] = f
		r.paths = append(r.paths, f.path)
	}
	return r
}

// report notes a mistake. The keys that it is about are broken from then on.
func (r *reader) report(at, text string, keys ...string) {
	r.problems = append(r.problems, problem{keys: keys, text: text, at: at})
	for _, k := range keys {
		r.markBroken(k)
	}
}

// markBroken marks a key, or a section and all keys of it.
func (r *reader) markBroken(key string) {
	r.broken[key] = true
	for _, below := range r.section(key) {
		r.broken[key+"."+below] = true
	}
}

// set decodes one value into the layer.
func (r *reader) set(l layer, f field, n *yaml.Node, at string) {
	value, wrong := f.decode(n)
	if wrong != "" {
		r.report(at, wrong, f.path)
		return
	}
	l[f.path] = setting{value, at}
}

// env reads T5TRAIN_SECTION_KEY=value out of an environment in the form of os.Environ. An empty value counts as not
// set.
func (r *reader) env(environ []string) layer {
	flat := make(map[string]string, len(r.paths)) // train_batch_size: train.batch_size
	for _, path := range r.paths {
		flat[strings.ReplaceAll(path, ".", "_")] = path
	}
	known := slices.Sorted(maps.Keys(flat))
	for older := range renamed {
		flat[strings.ReplaceAll(older, ".", "_")] = older
	}
	l := layer{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		suffix, ours := strings.CutPrefix(name, envPrefix)
		if !ours || value == "" {
			continue
		}
		path, ok := flat[strings.ToLower(suffix)]
		if ok && name == envName(path) {
			r.setText(l, r.fields[r.current(path)], value, name)
			continue
		}
		hint := "want T5TRAIN_SECTION_KEY, such as T5TRAIN_TRAIN_SEED"
		if near := nearest.Word(suffix, known); near != "" {
			r.markBroken(flat[near])
			hint = "did you mean " + envName(flat[near]) + "?"
		}
		r.report("", plain(name)+": unknown variable: "+hint)
	}
	return l
}

const envPrefix = "T5TRAIN_"

// envName returns the variable that sets a key: T5TRAIN_TRAIN_BATCH_SIZE for train.batch_size.
func envName(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// flags reads the arguments key=value, of which the later one for a key counts, then the values of named flags.
func (r *reader) flags(o LoadOptions) layer {
	l := layer{}
	flag := cmp.Or(o.SetName, "set")
	for _, arg := range o.Set {
		path, value, ok := strings.Cut(arg, "=")
		if !ok {
			r.report("", fmt.Sprintf("%s %s: got no value, want key=value, such as train.seed=1", flag, quote(arg)))
			continue
		}
		if f, ok := r.lookup(r.current(path), flag); ok {
			r.setText(l, f, value, flag)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(o.Overrides)) {
		const at = "command line"
		f, ok := r.lookup(path, at)
		if !ok {
			continue
		}
		if _, twice := l[path]; twice {
			r.report(at, "given twice, by a flag of its own and by "+flag+": keep one", path)
			continue
		}
		var n yaml.Node
		value := o.Overrides[path]
		if f.isColumn() {
			value = escaped(value)
		}
		if err := n.Encode(value); err != nil {
			r.report(at, fmt.Sprintf("got a %T, want %s", value, f.want()), path)
			continue
		}
		r.set(l, f, &n, at)
	}
	return l
}

// escaped returns names of columns as the data has them, which shows bytes that are no UTF-8 as escapes.
func escaped(value any) any {
	switch v := value.(type) {
	case string:
		return visible.UTF8(v)
	case []string:
		return visible.AllUTF8(v)
	}
	return value
}

// setText decodes a value given as bare text. For a key that holds text it is taken as it is, unless it is quoted or
// null, so that a prefix such as "spam: " needs no quoting twice; for any other key it is YAML.
func (r *reader) setText(l layer, f field, text, at string) {
	if f.isColumn() {
		text = visible.UTF8(text)
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if !f.isText() || text == "null" || strings.HasPrefix(text, `"`) || strings.HasPrefix(text, "'") {
		root, _, wrong := parseYAML([]byte(text))
		switch {
		case wrong != "":
			r.report(at, fmt.Sprintf("got %s, want %s: put text with special characters in quotes", quote(text),
				f.want()),
				f.path)
			return
		case root == nil:
			n = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
		default:
			n = root
		}
	}
	r.set(l, f, n, at)
}

// lookup finds the field of a dotted key, or reports why there is none.
func (r *reader) lookup(path, at string) (field, bool) {
	if f, ok := r.fields[path]; ok {
		return f, true
	}
	if keys := r.section(path); keys != nil {
		r.report(at, "is a section: set one of its keys, "+strings.Join(keys, ", "), path)
		return field{}, false
	}
	r.unknown(path, at)
	return field{}, false
}

// unknown reports a key that does not exist, with the nearest one that does. That one counts as broken too: a misspelt
// "outptu" shall not be followed by "output: required".
func (r *reader) unknown(path, at string) {
	hint := "the sections are " + strings.Join(r.sections(), ", ")
	section, _, dotted := strings.Cut(path, ".")
	if keys := r.section(section); dotted && keys != nil {
		hint = "the keys of " + section + " are " + strings.Join(keys, ", ")
	}
	if near := nearest.Word(path, append(r.sections(), r.paths...)); near != "" {
		r.markBroken(near)
		hint = "did you mean " + near + "?"
	}
	r.report(at, "unknown key: "+hint, plain(path))
}

// section returns the keys of a section, without its name; nil when there is no such section.
func (r *reader) section(name string) []string {
	var keys []string
	for _, path := range r.paths {
		if key, ok := strings.CutPrefix(path, name+"."); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

// sections returns the keys at the top of a file, in the order of Config.
func (r *reader) sections() []string {
	var names []string
	for _, path := range r.paths {
		name, _, _ := strings.Cut(path, ".")
		names = append(names, name)
	}
	return slices.Compact(names)
}

// plain returns a key as it is when it would print on one line, else quoted.
func plain(key string) string {
	if q := quote(key); q != `"`+key+`"` {
		return q
	}
	return key
}
