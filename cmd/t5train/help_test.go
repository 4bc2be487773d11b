package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"t5train/cmd/t5train/help"
)

// Help is short: the rest is in docs.
const (
	maxUsage    = 80 // characters of the help of a flag, with its default
	maxLong     = 4  // lines of the text of a command
	numExamples = 3
	maxLine     = 120 // characters of a line of text or of an example
)

// ours yields the commands of this program that the help shows.
func ours(yield func(*cobra.Command) bool) {
	var walk func(c *cobra.Command) bool
	walk = func(c *cobra.Command) bool {
		if c.Hidden || c.Name() == "completion" || c.Name() == "help" {
			return true
		}
		if !yield(c) {
			return false
		}
		for _, sub := range c.Commands() {
			if !walk(sub) {
				return false
			}
		}
		return true
	}
	walk(rootCommand(app{names: &flagNames{}, log: &logFormat{}}))
}

func TestDocsHelpIsShort(t *testing.T) {
	for c := range ours {
		name := c.CommandPath()
		lines := strings.Split(strings.TrimSpace(c.Long), "\n")
		if len(lines) > maxLong {
			t.Errorf("%s: its text has %d lines, want at most %d", name, len(lines), maxLong)
		}
		examples := strings.Split(c.Example, "\n")
		if !c.HasSubCommands() && (len(examples) != numExamples || c.Example == "") {
			t.Errorf("%s: %d examples, want %d", name, len(examples), numExamples)
		}
		for _, line := range slices.Concat(lines, examples) {
			if len([]rune(line)) > maxLine {
				t.Errorf("%s: more than %d characters: %s", name, maxLine, line)
			}
		}
		all := pflag.NewFlagSet("", pflag.ContinueOnError)
		all.AddFlagSet(c.Flags())
		all.AddFlagSet(c.InheritedFlags())
		all.VisitAll(func(f *pflag.Flag) {
			// as pflag writes it, behind the name and the type
			one := pflag.NewFlagSet("", pflag.ContinueOnError)
			copied := *f
			_, copied.Usage = pflag.UnquoteUsage(f)
			one.AddFlag(&copied)
			usage := strings.TrimSpace(one.FlagUsages())
			_, usage, _ = strings.Cut(usage, "   ")
			if n := len([]rune(strings.TrimSpace(usage))); n >= maxUsage && !f.Hidden {
				t.Errorf("%s --%s: %d characters, want fewer than %d: %s", name, f.Name, n, maxUsage, usage)
			}
			if f.Usage == "" {
				t.Errorf("%s --%s: no help", name, f.Name)
			}
		})
	}
}

// Every flag has a group, in which the help shows it.
func TestFlagsHaveGroups(t *testing.T) {
	for c := range ours {
		if missing := help.Ungrouped(c); len(missing) > 0 {
			t.Errorf("%s: no group of cmd/t5train/help has its flags %q", c.CommandPath(), missing)
		}
	}
}
