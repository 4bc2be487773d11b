// Package help prints the use of commands in groups: the commands of the program by what they are for, and the flags of
// a command with the common ones first.
//
//	help.Group(root) // once all commands are there
package help

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// group is what a headline stands above.
type group struct {
	title string
	names []string // in the order of their lines
}

// commands are the commands of the program by what they are for. Others come last.
var commands = []group{
	{"Train", []string{"finetune", "distill", "pretrain", "sweep", "config", "sizes"}},
	{"Use", []string{"predict", "evaluate", "score", "embed", "label", "serve"}},
	{"Data", []string{"data", "tokenizer"}},
	{"Look", []string{"runs", "report", "inspect", "check", "verify"}},
	{"Convert", []string{"convert", "pull"}},
	{"Measure", []string{"bench", "plan"}},
}

const otherCommands = "Other"

// Group gives a command and those below it the usage in groups.
func Group(root *cobra.Command) {
	root.SetUsageFunc(usage)
	for _, c := range root.Commands() {
		for _, g := range commands {
			if slices.Contains(g.names, c.Name()) {
				c.GroupID = g.title
			}
		}
	}
	for _, g := range commands {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title + ":"})
	}
}

// usage writes what follows the description of a command in its help.
func usage(c *cobra.Command) error {
	var b strings.Builder
	line := c.UseLine()
	if c.HasAvailableSubCommands() {
		line = c.CommandPath() + " COMMAND"
	}
	fmt.Fprintf(&b, "Usage:\n  %s\n", line)
	if c.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", c.Example)
	}
	for _, g := range commandsOf(c) {
		fmt.Fprintf(&b, "\n%s:\n", g.title)
		for _, name := range g.names {
			i := slices.IndexFunc(c.Commands(), func(sub *cobra.Command) bool { return sub.Name() == name })
			sub := c.Commands()[i]
			fmt.Fprintf(&b, "  %-*s %s\n", sub.NamePadding(), name, sub.Short)
		}
	}
	c.InitDefaultHelpFlag()
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.AddFlagSet(c.LocalFlags())
	all.AddFlagSet(c.InheritedFlags())
	for _, g := range flagsOf(all) {
		shown := pflag.NewFlagSet("", pflag.ContinueOnError)
		shown.SortFlags = false
		for _, name := range g.names {
			shown.AddFlag(all.Lookup(name))
		}
		fmt.Fprintf(&b, "\n%s:\n%s", g.title, shown.FlagUsages())
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nMore about a command: %s COMMAND --help\n", c.CommandPath())
	}
	_, err := fmt.Fprint(c.OutOrStderr(), b.String())
	return err
}

// commandsOf returns the groups of the commands below c.
func commandsOf(c *cobra.Command) (groups []group) {
	var rest []string
	byGroup := map[string][]string{}
	for _, sub := range c.Commands() {
		switch {
		case !sub.IsAvailableCommand() && sub.Name() != "help":
		case sub.GroupID != "":
			byGroup[sub.GroupID] = append(byGroup[sub.GroupID], sub.Name())
		default:
			rest = append(rest, sub.Name())
		}
	}
	for _, g := range commands {
		var there []string
		for _, name := range g.names {
			if slices.Contains(byGroup[g.title], name) {
				there = append(there, name)
			}
		}
		if len(there) > 0 {
			groups = append(groups, group{g.title, there})
		}
	}
	title := "Commands"
	if len(groups) > 0 {
		title = otherCommands
	}
	if len(rest) > 0 {
		groups = append(groups, group{title, rest})
	}
	return groups
}

// fewFlags is up to how many flags of its own a command shows under one headline.
const fewFlags = 8

// flagsOf returns the groups of flags. Those that no group has are with the first.
func flagsOf(all *pflag.FlagSet) (groups []group) {
	used := map[string]bool{}
	for _, g := range flags {
		there := group{title: g.title}
		for _, name := range g.names {
			if f := all.Lookup(name); f != nil && !f.Hidden {
				there.names = append(there.names, name)
				used[name] = true
			}
		}
		groups = append(groups, there)
	}
	all.VisitAll(func(f *pflag.Flag) {
		if !used[f.Name] && !f.Hidden {
			groups[0].names = append(groups[0].names, f.Name)
		}
	})
	if own := len(used) - 3; own <= fewFlags { // but for --log, --quiet and --help
		one := group{title: flags[0].title}
		for _, g := range groups {
			one.names = append(one.names, g.names...)
		}
		return []group{one}
	}
	return slices.DeleteFunc(groups, func(g group) bool { return len(g.names) == 0 })
}

// Ungrouped returns the flags of a command that no group has.
func Ungrouped(c *cobra.Command) (names []string) {
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && !slices.ContainsFunc(flags, func(g group) bool { return slices.Contains(g.names, f.Name) }) {
			names = append(names, f.Name)
		}
	})
	return names
}
