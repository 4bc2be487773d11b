package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"t5train/internal/ui"
)

// rename is a flag that had another name. The old one keeps working, hidden.
type rename struct {
	command   string // its path without "t5train"
	old, name string
}

var renames = [...]rename{
	{"evaluate", "checkpoint", "model"},
	{"predict", "checkpoint", "model"},
	{"score", "checkpoint", "model"},
	{"embed", "checkpoint", "model"},
	{"serve", "checkpoint", "model"},
	{"convert", "checkpoint", "model"},
	{"evaluate", "part", "component"},
	{"predict", "part", "component"},
	{"score", "part", "component"},
	{"embed", "part", "component"},
	{"serve", "part", "component"},
	{"evaluate", "data", "input"},
	{"bench train", "data", "train"},
	{"bench tokenize", "text", "input"},
	{"bench tokenize", "spm", "tokenizer"},
}

// addOldNames gives flags their old names too.
func addOldNames(root *cobra.Command) {
	for c, r := range renamed(root) {
		f := *c.Flags().Lookup(r.name)
		f.Name, f.Shorthand, f.Hidden = r.old, "", true
		c.Flags().AddFlag(&f)
	}
}

// renamed yields the renames with their commands.
func renamed(root *cobra.Command) func(yield func(*cobra.Command, rename) bool) {
	return func(yield func(*cobra.Command, rename) bool) {
		for _, r := range renames {
			c, _, _ := root.Find(strings.Fields(r.command)) // all are there: a test looks
			if !yield(c, r) {
				return
			}
		}
	}
}

// takeOldNames makes flags of a command line that were given by their old names those of the new ones, and says so.
func takeOldNames(c *cobra.Command, console func() ui.Sink) error {
	for of, r := range renamed(c.Root()) {
		if of != c || !c.Flags().Changed(r.old) {
			continue
		}
		if c.Flags().Changed(r.name) {
			return misuse(c, "got --%s and --%s, which is its old name: leave one out", r.name, r.old)
		}
		c.Flags().Lookup(r.name).Changed = true // both have one value
		ui.Say(console(), "note", "--%s is now --%s", r.old, r.name)
	}
	return nil
}

// visibleFlags calls f with the flags that the help of a command shows.
func visibleFlags(c *cobra.Command, f func(*pflag.Flag)) {
	c.Flags().VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			f(flag)
		}
	})
}
