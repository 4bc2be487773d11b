package configs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// yamlTypes are values of each type that YAML has, and what a key that holds a value of that type is of.
var yamlTypes = []struct {
	name, text string
	fits       func(f field) bool
}{
	{"text", "spiece.model", func(f field) bool { return f.isText() }},
	{"empty text", `""`, func(f field) bool { return f.isText() }},
	{"integer", "7", func(f field) bool { return f.kind() == reflect.Int || f.kind() == reflect.Float64 }},
	{"huge integer", "99999999999999999999", func(f field) bool { return f.kind() == reflect.Float64 }},
	{"fraction", "7.5", func(f field) bool { return f.kind() == reflect.Float64 }},
	{"not a number", ".nan", func(f field) bool { return false }},
	{"infinity", "-.inf", func(f field) bool { return false }},
	{"bool", "true", func(f field) bool { return f.kind() == reflect.Bool }},
	{"date", "2026-11-30", func(f field) bool { return false }},
	{"binary", "!!binary aGk=", func(f field) bool { return false }},
	{"own tag", "!thing 5", func(f field) bool { return false }},
	{"null", "null", func(f field) bool { return true }}, // unset, where the key can be
	{"list of texts", "[a]", func(f field) bool { return f.kind() == reflect.Slice }},
	{"empty list", "[]", func(f field) bool { return f.kind() == reflect.Slice }},
	{"list of numbers", "[1]", func(f field) bool { return false }},
	{"list of lists", "[[a]]", func(f field) bool { return false }},
	{"list with a hole", "[null]", func(f field) bool { return false }},
	{"list of sections", "[{a: b}]", func(f field) bool { return false }},
	{"section", "{a: b}", func(f field) bool { return false }},
	{"empty section", "{}", func(f field) bool { return false }},
	{"section with odd keys", "{[a]: b, 1: 2, ~: 3}", func(f field) bool { return false }},
	{"anchor", "&x 5", func(f field) bool { return false }},
}

// Every key and every section given a value of each type is an error of its line or a value, never a panic.
func TestEveryKeyWithEveryType(t *testing.T) {
	r := newReader()
	for _, y := range yamlTypes {
		keys, sections, parts := typeFile{}, typeFile{}, typeFile{}
		section := ""
		for _, f := range fields() {
			name, key, dotted := strings.Cut(f.path, ".")
			if !dotted {
				keys.add(f.path+": "+y.text, f.path, y.fits(f))
				continue
			}
			if name != section {
				keys.add(name+":", "", true)
			}
			section = name
			keys.add("  "+key+": "+y.text, f.path, y.fits(f))
		}
		for _, name := range r.sections() {
			if r.section(name) != nil {
				fits := y.name == "null" || strings.HasPrefix(y.text, "{")
				sections.add(name+": "+y.text, name, fits)
			}
		}
		parts.add("data:", "", true)
		parts.add("  mixture:", "", true)
		for _, f := range componentFields() {
			parts.add("  - "+f.path+": "+y.text, "", true)
			parts.wants = append(parts.wants, want{f.path, 2, y.fits(f)}) // of the line of the key
		}
		for name, f := range map[string]typeFile{
			"keys": keys, "sections": sections, "mixture": parts,
			"document": {text: y.text + "\n"}, "key": {text: "? " + y.text + "\n: 5\n"},
			"part": {text: "data: {mixture: [" + y.text + "]}\n"},
		} {
			t.Run(y.name+"/"+name, f.check)
		}
	}
}

// typeFile is a file that gives many keys a value, and the mistakes that it makes.
type typeFile struct {
	text  string
	lines int
	wants []want
}

type want struct {
	key  string
	line int
	fits bool // no mistake need come of it
}

func (f *typeFile) add(text, key string, fits bool) {
	f.text += text + "\n"
	f.lines++
	if key != "" {
		f.wants = append(f.wants, want{key, f.lines, fits})
	}
}

func (f typeFile) check(t *testing.T) {
	_, err := load([]byte(f.text), LoadOptions{File: "run.yaml"})
	if err == nil {
		t.Fatalf("no run can come of\n%s", f.text)
	}
	for _, w := range f.wants {
		said := slices.ContainsFunc(strings.Split(err.Error(), "\n"), func(l string) bool {
			return strings.Contains(l, w.key+": ") && strings.HasSuffix(l, fmt.Sprintf("(run.yaml:%d)", w.line))
		})
		if !w.fits && !said {
			t.Errorf("got\n%s\nwant a mistake of %s in line %d of\n%s", err, w.key, w.line, f.text)
		}
	}
}
