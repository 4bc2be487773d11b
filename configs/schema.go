package configs

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"t5train/data/objective"
	"t5train/data/task"
	"t5train/internal/clip"
	"t5train/internal/nearest"
	"t5train/model/kernel"
	"t5train/trainer/optim"
)

// field is one key as the fields of [Config] and their tags describe it.
type field struct {
	path   string       // dotted, as in a message: train.batch_size
	owner  reflect.Type // the struct that declares it
	name   string       // its Go name in owner
	index  []int        // for reflect.Value.FieldByIndex on a Config
	typ    reflect.Type // int, float64, bool, string, []string, []Component, or a pointer to one of the first four
	unit   string
	bounds []bound
	off    bool // 0 switches the key off, whatever the bounds are
	oneof  []string
	tasks  bool     // the text may also be the name of one of T5's tasks
	use    string   // the only kind of run that has the key, pre-training or fine-tuning; "" is both
	of     []string // the values of the key name of its section that have the key; nil is all
}

// The kinds of runs.
const (
	pretraining = "pre-training"
	finetuning  = "fine-tuning"
)

// kind returns what kind of run the configuration is of.
func (c *Config) kind() string {
	if c.Pretraining() {
		return pretraining
	}
	return finetuning
}

// foreign reports whether a kind of run does not have the key.
func (f field) foreign(kind string) bool { return f.use != "" && f.use != kind }

// bound is one comparison a number must pass.
type bound struct {
	op    string // >=, >, <= or <
	value float64
}

var (
	// fields lists every key in the order in which Config declares them.
	fields = sync.OnceValue(func() []field { return collect(reflect.TypeFor[Config](), "", "", nil) })

	// componentFields lists the keys of an entry of data.mixture.
	componentFields = sync.OnceValue(func() []field { return collect(reflect.TypeFor[Component](), "", "", nil) })

	// taskFields lists the keys of the section task.
	taskFields = sync.OnceValue(func() []field { return collect(reflect.TypeFor[task.Spec](), "task.", "", nil) })
)

// named lists what a key with the tag `names` may name.
var named = map[string]func() []string{
	"tasks":      task.General,
	"objectives": objective.Names,
	"optimizers": optim.Names,
	"schedules":  optim.ScheduleNames,
	"precisions": kernel.Precisions,
}

func collect(owner reflect.Type, section, use string, index []int) []field {
	var all []field
	for sf := range owner.Fields() {
		key, option, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		path := section + key
		at := append(slices.Clone(index), sf.Index...)
		switch {
		case key == "-":
			continue
		case option == "inline": // the key of the struct holds its name, and is documented here
			inner := collect(sf.Type, section, use, at)
			inner[0].path, inner[0].owner, inner[0].name = path, owner, sf.Name
			inner[0].oneof = append([]string{textTask}, inner[0].oneof...)
			all = append(all, inner...)
			continue
		case sf.Type.Kind() == reflect.Struct:
			all = append(all, collect(sf.Type, path+".", sf.Tag.Get("for"), at)...)
			continue
		}
		names := sf.Tag.Get("names")
		f := field{
			path: path, owner: owner, name: sf.Name, index: at, typ: sf.Type,
			unit:   sf.Tag.Get("unit"),
			bounds: parseBounds(sf.Tag.Get("range")),
			off:    sf.Tag.Get("zero") == "off",
			oneof:  strings.Fields(sf.Tag.Get("oneof")),
			tasks:  names == "tasks",
			use:    cmp.Or(use, sf.Tag.Get("for")),
			of:     strings.Fields(sf.Tag.Get("of")),
		}
		if list, ok := named[names]; ok {
			f.oneof = list()
		}
		all = append(all, f)
	}
	return all
}

// textTask is the task of a component of plain text.
const textTask = "text"

// maxCount is the largest number of whatever a key counts.
const maxCount = math.MaxInt32

// parseBounds reads a range tag: ">= 0 and < 1". A bad tag is a mistake in this package, not in the input.
func parseBounds(tag string) []bound {
	if tag == "" {
		return nil
	}
	var bounds []bound
	for part := range strings.SplitSeq(tag, " and ") {
		op, number, _ := strings.Cut(part, " ")
		value, err := strconv.ParseFloat(number, 64)
		if err != nil || !slices.Contains([]string{">=", ">", "<=", "<"}, op) {
			panic(fmt.Sprintf("configs: range tag %q, want comparisons such as \">= 0 and < 1\"", tag))
		}
		bounds = append(bounds, bound{op, value})
	}
	return bounds
}

func (b bound) holds(v float64) bool {
	return v == b.value && len(b.op) == 2 || v > b.value && b.op[0] == '>' || v < b.value && b.op[0] == '<'
}

// optional reports whether the key may be unset.
func (f field) optional() bool { return f.typ.Kind() == reflect.Pointer }

// base is the type of the value, behind the pointer of an optional key.
func (f field) base() reflect.Type {
	if f.optional() {
		return f.typ.Elem()
	}
	return f.typ
}

func (f field) kind() reflect.Kind { return f.base().Kind() }

// want says what the key accepts: "an integer number of examples >= 1".
func (f field) want() string {
	var what string
	switch f.kind() {
	case reflect.Int:
		if what = "an integer"; f.unit != "" {
			what = "an integer number"
		}
	case reflect.Float64:
		what = "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list of " + cmp.Or(f.unit, "texts")
	case reflect.String:
		if f.tasks {
			return "one of " + strings.Join(f.oneof, ", ") + ", or a task of T5 such as glue/cola, squad or wmt/en-de"
		}
		if len(f.oneof) > 0 {
			return "one of " + strings.Join(f.oneof, ", ")
		}
		if f.unit != "" {
			return "a " + f.unit
		}
		return "text"
	}
	if f.unit != "" {
		what += " of " + f.unit
	}
	for i, b := range f.bounds {
		what += [...]string{" ", " and "}[min(i, 1)] + b.op + " " + strconv.FormatFloat(b.value, 'f', -1, 64)
	}
	if f.off {
		what += ", or 0"
	}
	return what
}

// value returns the key's value in c; ok is false for an unset optional key.
func (f field) value(c *Config) (v reflect.Value, ok bool) {
	return f.valueIn(reflect.ValueOf(c).Elem())
}

// valueIn is value for any struct that declares the key.
func (f field) valueIn(owner reflect.Value) (v reflect.Value, ok bool) {
	v = owner.FieldByIndex(f.index)
	if !f.optional() {
		return v, true
	}
	return v.Elem(), !v.IsNil()
}

// setKeys yields the keys of a struct that are set, and their values.
func setKeys(fields []field, owner any) iter.Seq2[field, reflect.Value] {
	return func(yield func(field, reflect.Value) bool) {
		for _, f := range fields {
			if v, ok := f.valueIn(reflect.ValueOf(owner)); ok && !f.unset(v) && !yield(f, v) {
				return
			}
		}
	}
}

// check returns what is wrong with a value of the right type, or "".
func (f field) check(v reflect.Value) string {
	fits := true
	switch v.Kind() {
	case reflect.Int:
		if n := v.Int(); n > maxCount && f.unit != "" { // without a unit it counts nothing, as a seed
			return fmt.Sprintf("got %d, want at most %d", n, maxCount)
		}
		fits = f.inBounds(float64(v.Int()))
	case reflect.Float64:
		fits = !math.IsNaN(v.Float()) && !math.IsInf(v.Float(), 0) && f.inBounds(v.Float())
	case reflect.Slice:
		if list, ok := v.Interface().([]string); ok {
			return f.checkList(list)
		}
	case reflect.String:
		if strings.ContainsRune(v.String(), 0) {
			return withNUL(v.String())
		}
		fits = len(f.oneof) == 0 || slices.Contains(f.oneof, v.String()) || f.tasks && task.Known(v.String())
	}
	if fits {
		return ""
	}
	text := fmt.Sprintf("got %s, want %s", show(v), f.want())
	if v.Kind() == reflect.String {
		known := f.oneof
		if f.tasks {
			known = append(slices.Clone(known), task.Names()...)
		}
		text += nearest.DidYouMean(v.String(), known, ": ")
	}
	return text
}

// checkList returns what is wrong with a list of texts, or "".
func (f field) checkList(list []string) string {
	for _, text := range list {
		switch {
		case text == "":
			return fmt.Sprintf(`got "" in the list of %s: remove it`, cmp.Or(f.unit, "texts"))
		case strings.ContainsRune(text, 0):
			return withNUL(text)
		}
	}
	return ""
}

// withNUL says that a text holds the character that ends a text of the operating system.
func withNUL(text string) string {
	return fmt.Sprintf("got %s, want no NUL character (U+0000) in it: remove it", quote(text))
}

func (f field) inBounds(v float64) bool {
	if f.off && v == 0 {
		return true
	}
	return !slices.ContainsFunc(f.bounds, func(b bound) bool { return !b.holds(v) })
}

// show writes a value for a message.
func show(v reflect.Value) string {
	switch {
	case v.Kind() != reflect.String:
		return fmt.Sprint(v.Interface())
	case v.Len() == 0:
		return "nothing"
	}
	return quote(v.String())
}

// quote quotes a text on one line, shortened when it is long.
func quote(s string) string {
	const longest = 80 // characters; enough to recognise a value by
	return strconv.Quote(clip.Text(s, longest))
}
