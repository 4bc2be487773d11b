package task

import (
	"slices"
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	cases := []struct {
		name, template string
		columns        []string
		want           string // filled with the names of the columns in capitals
	}{
		{"two columns", "question: {question} context: {context}", []string{"question", "context"},
			"question: QUESTION context: CONTEXT"},
		{"a column twice", "{a} and {b} and {a}", []string{"a", "b"}, "A and B and A"},
		{"a nested column", "{translation.en}", []string{"translation.en"}, "TRANSLATION.EN"},
		{"a name with spaces", "{the text}!", []string{"the text"}, "THE TEXT!"},
		{"doubled braces", "{{{a}}} {{}} }}", []string{"a"}, "{A} {} }"},
		{"side by side", "{a}{b}", []string{"a", "b"}, "AB"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			columns, err := TemplateColumns(c.template)
			if err != nil || !slices.Equal(columns, c.columns) {
				t.Fatalf("columns %q, %v, want %q", columns, err, c.columns)
			}
			parsed, _ := parseTemplate(c.template)
			if got := parsed.fill(strings.ToUpper); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if parsed.rename(nil) != c.template {
				t.Errorf("written again: %q, want %q", parsed, c.template)
			}
		})
	}
	for template, part := range map[string]string{
		"{a": "{ without its }", "a}": "} without its {", "{}": "{} without a column", "{a{b}}": "{ without its }",
		"plain": "no column", "": "no column",
	} {
		_, err := TemplateColumns(template)
		wantError(t, err, part)
	}
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"question: {question} context: {context}", "{{{a}}}", "{", "}", "{}", "{{}}",
		"{a}{a}", "é{ü}", "{a}}}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parsed, err := parseTemplate(s)
		if err != nil {
			return
		}
		if parsed.rename(nil) != s {
			t.Errorf("%q is written again as %q", s, parsed)
		}
		// Filled with its own places, a template without doubled braces is itself.
		got := parsed.fill(func(column string) string { return "{" + column + "}" })
		if !strings.Contains(s, "{{") && !strings.Contains(s, "}}") && got != s {
			t.Errorf("%q is filled as %q", s, got)
		}
	})
}
