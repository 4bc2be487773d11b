package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"t5train/checkpoints/builtin"
	"t5train/checkpoints/convert"
	"t5train/configs"
	"t5train/data/objective"
	"t5train/data/task"
	"t5train/model"
	"t5train/trainer/optim"
)

// completions are the values that the shell offers for flags, by their names.
var completions = map[string]func() []string{
	"task":      task.Names,
	"size":      sizeNames,
	"objective": objective.Names,
	"optimizer": optim.Names,
	"metrics":   task.AllMetrics,
	"set":       settable,
	"log":       func() []string { return []string{"text", "json"} },

	// Of models files are offered too: names would take their place where nothing is typed yet.
	"model": builtin.Names, "tokenizer": builtin.Names,
}

func sizeNames() (names []string) {
	for _, s := range model.Sizes() {
		names = append(names, s.Name)
	}
	return names
}

// settable are the keys of the configuration as --set has them.
func settable() (keys []string) {
	for _, k := range configs.Keys() {
		if k.Env != "" { // else it is one of an entry of a list
			keys = append(keys, k.Path+"=")
		}
	}
	return keys
}

// completeValues lets the shell complete the values of flags, of the command and of those below it.
func completeValues(c *cobra.Command) {
	for name, values := range completions {
		if c.Flags().Lookup(name) == nil && c.PersistentFlags().Lookup(name) == nil {
			continue
		}
		files := slices.Contains([]string{"model", "tokenizer"}, name)
		// which fails where the flag has a function already
		_ = c.RegisterFlagCompletionFunc(name, func(_ *cobra.Command, _ []string, begun string) ([]string,
			cobra.ShellCompDirective) {
			switch {
			case files && begun == "":
				return nil, cobra.ShellCompDirectiveDefault
			case files:
				return beginning(values(), begun), cobra.ShellCompDirectiveDefault
			case name == "set":
				return beginning(values(), begun), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
			}
			return beginning(values(), begun), cobra.ShellCompDirectiveNoFileComp
		})
	}
	if c.Name() == "convert" {
		_ = c.RegisterFlagCompletionFunc("dtype", cobra.FixedCompletions(convert.DTypes(),
			cobra.ShellCompDirectiveNoFileComp))
	}
	if c.Flags().Lookup("config") != nil {
		_ = c.MarkFlagFilename("config", "yaml", "yml")
	}
	for _, sub := range c.Commands() {
		completeValues(sub)
	}
}

// beginning returns the values that begin with what is typed. Of several values behind commas it is the last.
func beginning(values []string, typed string) (list []string) {
	before, last := "", typed
	if i := strings.LastIndexByte(typed, ','); i >= 0 {
		before, last = typed[:i+1], typed[i+1:]
	}
	for _, v := range values {
		if strings.HasPrefix(v, last) {
			list = append(list, before+v)
		}
	}
	return list
}
