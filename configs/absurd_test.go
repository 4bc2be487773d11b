package configs

import (
	"fmt"
	"strings"
	"testing"
)

// Files that are made to expand, or that are something else, are told in a moment and in few words.
func TestLoad_AbsurdFiles(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9))
	}
	const deep = "exceeded max depth of 10000"
	for name, c := range map[string]struct{ text, want string }{
		"aliases": {bomb, "z: unknown key"},
		"alias": {"output: x\ntokenizer: {path: &a a}\nmodel: {path: *a}\n",
			"model.path: got an alias or anchor"},
		"cycle":          {"data:\n  mixture: &a [*a, {name: *a}]\n", "data.mixture: got an alias or anchor"},
		"key":            {"&a output: x\n*a : y\n", "got an alias as a key"},
		"merge":          {"train: &a {seed: 1}\neval: {<<: *a}\n", "eval.<<: unknown key"},
		"deep flow":      {"output: " + strings.Repeat("[", 50_000), deep},
		"deep sequence":  {"output:\n" + strings.Repeat("- ", 50_000), deep},
		"deep keys":      {strings.Repeat("? ", 50_000), deep},
		"closed":         {"output: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000), "output: got a list"},
		"many keys":      {strings.Repeat("a: 1\n", 5_000), "a: unknown key"},
		"many entries":   {"data: {mixture: [" + strings.Repeat("1,", 5_000) + "]}", "and 4880 more"},
		"many mistakes":  {manyKeys(200), "and more: mend these first"},
		"a large number": {"train: {seed: " + strings.Repeat("9", 100_000) + "}", "train.seed: got"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load([]byte(c.text), LoadOptions{File: "run.yaml", Command: "finetune"})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "run.yaml") {
				t.Fatalf("got error %.500v, want one with %q and the file", err, c.want)
			}
			if n := len(err.Error()); n > 30_000 {
				t.Errorf("the error has %d bytes", n)
			}
		})
	}
}

func manyKeys(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "key%d: 1\n", i)
	}
	return text.String()
}
