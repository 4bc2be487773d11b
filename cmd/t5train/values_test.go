package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"t5train/cmd/t5train/values"
	"t5train/configs"
)

// absurd are values that no flag of a type takes.
var absurd = map[string][]string{
	"string":      {"", " ", "a\x00b"},
	"stringSlice": {"", "a,,b", " ", "a\x00b"},
	"stringArray": {"", " ", "a\x00b"},
	"int":         {"", "-1", "2147483648", "1e9", "99999999999999999999", "-9223372036854775808"},
	"int64":       {"", "-1", "9223372036854775807"},
	"uint64":      {"", "-1", "18446744073709551616"},
	"float64":     {"", "NaN", "Inf", "-Inf", "1e300", "1e999"},
	"duration":    {"", "-1s", "1000000h", "10"},
	"bool":        {"", "2"},

	"mode":                {"", "maybe", "2", "NEVER"},
	"text or json":        {"", "xml", "JSON"},
	"float32 or bfloat16": {"", "int8", "BF16"},
}

// Every flag of every command refuses, before any work, what can be of no use.
func TestAbsurdFlags(t *testing.T) {
	flags := 0
	for _, path := range commandPaths() {
		command, _, err := rootCommand(app{log: &logFormat{}}).Find(path)
		if err != nil {
			t.Fatal(err)
		}
		first := ""
		command.LocalFlags().VisitAll(func(f *pflag.Flag) {
			flags++
			absurds := absurd[f.Value.Type()]
			if len(absurds) == 0 {
				t.Errorf("%v --%s: no absurd value of type %s is known", path, f.Name, f.Value.Type())
			}
			if limit, ok := values.CountLimits[f.Name]; ok {
				absurds = append(slices.Clone(absurds), fmt.Sprint(limit+1))
			}
			for _, value := range absurds {
				if list, ok := f.Value.(pflag.SliceValue); ok {
					list.Replace(nil) // else Set appends
				}
				if !meant(f, value) && f.Value.Set(value) == nil && values.CheckFlag(f) == "" {
					t.Errorf("%v --%s %q is taken", path, f.Name, value)
				}
			}
			first = f.Name
		})
		if first != "" {
			flag := "--" + first
			refused(t, append(slices.Clone(path), flag+"="), flag)
		}
	}
	if flags < 300 {
		t.Errorf("%d flags: the tree is larger", flags)
	}
}

// meant reports whether an absurd value is a good one of this flag.
func meant(f *pflag.Flag, value string) bool {
	switch rule := values.TakesText(f); value {
	case "":
		return rule == values.AnyText
	case " ":
		return rule != values.SomeText
	}
	return f.Name == "seed" && value == "2147483648"
}

// Every command refuses empty arguments, and those that the system cannot take.
func TestAbsurdArguments(t *testing.T) {
	for _, path := range commandPaths() {
		for _, argument := range []string{"", " ", "a\x00b"} {
			refused(t, append(slices.Clone(path), argument), "")
		}
	}
}

// commandPaths lists the commands by their names, below t5train.
func commandPaths() (paths [][]string) {
	var walk func(c *cobra.Command, path []string)
	walk = func(c *cobra.Command, path []string) {
		for _, sub := range c.Commands() {
			at := append(slices.Clone(path), sub.Name())
			paths = append(paths, at)
			walk(sub, at)
		}
	}
	walk(rootCommand(app{log: &logFormat{}}), nil)
	return paths
}

// refused checks that a command line is wrong usage with some message, and that no command begins.
func refused(t *testing.T, args []string, messages ...string) {
	t.Helper()
	root := rootCommand(app{stdin: strings.NewReader(""), stdout: io.Discard, data: io.Discard, stderr: os.Stderr,
		names: &flagNames{}, log: &logFormat{}})
	began := false
	var idle func(c *cobra.Command)
	idle = func(c *cobra.Command) {
		c.RunE = func(*cobra.Command, []string) error { began = true; return nil }
		for _, sub := range c.Commands() {
			idle(sub)
		}
	}
	idle(root)
	root.SetArgs(args)
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	err := root.Execute()
	var usage usageError
	if began || !errors.As(err, &usage) {
		t.Errorf("%q: began %v, error %v, want wrong usage", args, began, err)
		return
	}
	for _, message := range messages {
		if !strings.Contains(err.Error(), message) {
			t.Errorf("%q: got %v, want it to name %s", args, err, message)
		}
	}
}

// A flag that sets a key has its limit.
func TestLimitsOfKeys(t *testing.T) {
	want := map[string]string{}
	for _, k := range configs.Keys() {
		want[k.Path] = k.Want
	}
	for _, f := range configFlags {
		if limit, ok := values.CountLimits[f.name]; ok && !strings.HasSuffix(strings.TrimSuffix(want[f.key], ", or 0"),
			fmt.Sprintf("<= %d", limit)) {
			t.Errorf("--%s takes up to %d, but %s wants %s", f.name, limit, f.key, want[f.key])
		}
	}
}
