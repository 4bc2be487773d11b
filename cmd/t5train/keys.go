package main

import (
	"cmp"
	"errors"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// optionSections are the sections of the keys by which packages name options that no configuration has, each with
// the command that has all of them, or "" where several share them: import.no_header is --no-header of "t5train
// data import", run.overwrite is --overwrite of the command that is running.
var optionSections = map[string]string{
	"import":      "data import",
	"inspect":     "",
	"vocabulary":  "tokenizer train",
	"convert":     "convert",
	"checkpoints": "",
	"run":         "",
	"evaluate":    "",
	"predict":     "",
	"report":      "report",
	"serve":       "serve",
}

// staysKey matches keys that messages have beside others without a flag, such as schedule.warmup_steps and
// data.mixture: there all are keys.
var staysKey = regexp.MustCompile(`^(train\..*|optimizer\..*|data\.train|data\.validation|model\.size)$`)

// flagNames puts the keys in messages of libraries, such as task.text_columns, in the words of the command that is
// running.
type flagNames struct {
	running *cobra.Command // nil before the command line is read
}

// messageKey matches words that may be keys, and with its colon the key of a line as of a configuration file.
var messageKey = regexp.MustCompile(`(?m)^ *[\w.]+:|--set[ =]\S+|[\w./=-]*\b[a-z]+\.[a-z0-9_]+[\w./-]*`)

// text replaces the keys of a message, each by the flag that sets it. A key that the command has no flag for
// stays, and so does one as --set and a configuration file have it: behind --set, or at the beginning of a line
// with a colon.
func (n *flagNames) text(message string) string {
	if n == nil || n.running == nil {
		return message
	}
	return messageKey.ReplaceAllStringFunc(message, func(key string) string {
		if staysKey.MatchString(key) {
			return key
		}
		return cmp.Or(n.flag(key), key)
	})
}

// flag returns the flag of the running command that sets a key, "" for none.
func (n *flagNames) flag(key string) string {
	for _, f := range configFlags {
		name := n.running.Name()
		takes := f.commands == "" || f.commands == name || name != finetuneName && name != pretrainName
		if f.key == key && takes && n.running.Flags().Lookup(f.name) != nil {
			return "--" + f.name
		}
	}
	section, option, _ := strings.Cut(key, ".")
	home, ok := optionSections[section]
	name := "--" + strings.ReplaceAll(option, "_", "-")
	has := func(c *cobra.Command) bool { return c != nil && c.Flags().Lookup(name[2:]) != nil }
	switch {
	case ok && home != "" && n.running.CommandPath() != "t5train "+home:
		if c, _, _ := n.running.Root().Find(strings.Fields(home)); has(c) {
			return "t5train " + home + " " + name
		}
	case ok && has(n.running):
		return name
	}
	return ""
}

// configError is an error of a configuration, which names keys as that has them, with their lines.
type configError struct{ error }

// error is text of an error's message, but for one of a configuration.
func (n *flagNames) error(err error) string {
	if errors.As(err, new(configError)) {
		return err.Error()
	}
	return n.text(err.Error())
}
