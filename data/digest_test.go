package data

import (
	"fmt"
	"testing"
)

// digestOf is the digest of examples whose inputs and targets are these, with labels 0, 1 and so on.
func digestOf(texts ...string) string {
	var e Examples
	for i := 0; i < len(texts); i += 2 {
		e.inputs.append(&sequences{ids(texts[i]), []int{len(texts[i]) + 1}})
		e.targets.append(&sequences{ids(texts[i+1]), []int{len(texts[i+1]) + 1}})
		e.labels = append(e.labels, int32(i/2))
	}
	return e.Digest()
}

// A digest changes with everything that an example is made of, and with nothing else.
func TestDigest(t *testing.T) {
	// a stopped run must find it again in later versions
	const want = "f166bcbbe54d1bf99ea3e73e50119252248091622ddebca7f7a9f2e9475d1414"
	if got := digestOf("ab", "c", "d", "ef"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	seen := map[string]string{}
	for name, texts := range map[string][]string{
		"as it is":       {"ab", "c", "d", "ef"},
		"other input":    {"ax", "c", "d", "ef"},
		"other target":   {"ab", "x", "d", "ef"},
		"other order":    {"d", "ef", "ab", "c"},
		"shifted inputs": {"a", "c", "bd", "ef"},
		"one more":       {"ab", "c", "d", "ef", "", ""},
		"none":           nil,
	} {
		digest := digestOf(texts...)
		if other, twice := seen[digest]; twice {
			t.Errorf("%s has the digest of %s", name, other)
		}
		seen[digest] = name
	}
	labelled := Examples{labels: []int32{1}, inputs: sequences{ids: []int32{1}, ends: []int{1}},
		targets: sequences{ids: []int32{1}, ends: []int{1}}}
	if labelled.Digest() == digestOf("", "") {
		t.Error("the label is not in it")
	}
}

// The buffer in between does not show.
func TestDigestOfManyTokens(t *testing.T) {
	seen := map[string]int{}
	for n := 8188; n < 8196; n++ {
		digest := digestOf(fmt.Sprintf("%0*d", n, 0), "")
		if other, twice := seen[digest]; twice {
			t.Errorf("%d and %d tokens have the same digest", n, other)
		}
		seen[digest] = n
	}
}
