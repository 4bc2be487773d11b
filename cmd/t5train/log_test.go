package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// events checks that what the last command wrote to standard error are JSON lines, each with a time and an event, and
// that they have these events and no others:
//
//	events note metrics progress
func events(ts *testscript.TestScript, neg bool, want []string) {
	if neg {
		ts.Fatalf("usage: events kind...")
	}
	var got []string
	for line := range strings.Lines(ts.ReadFile("stderr")) {
		var l struct{ Time, Event string }
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Time == "" || l.Event == "" {
			ts.Fatalf("no event: %s (%v)", line, err)
		}
		got = append(got, l.Event)
	}
	slices.Sort(got)
	slices.Sort(want)
	if got = slices.Compact(got); !slices.Equal(got, want) {
		ts.Fatalf("events %q, want %q", got, want)
	}
}
