package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"t5train/cmd/t5train/help"
	"t5train/cmd/t5train/values"
	"t5train/internal/nearest"
	"t5train/internal/ui"
	"t5train/internal/ui/terminal"
	"t5train/model/kernel"
	"t5train/trainer/allreduce"
	"t5train/trainer/runlog"
)

// app is the outside world of a command.
type app struct {
	stdin  io.Reader
	stdout io.Writer // for a person: what a terminal would act on is escaped
	data   io.Writer // standard output for results: exact where it is no terminal
	stderr *os.File
	names  *flagNames
	log    *logFormat
}

// usageError is a mistake in the command line itself.
type usageError struct {
	error
	command string
}

// misuse returns the error of a wrong use of a command.
func misuse(c *cobra.Command, format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...), c.CommandPath()}
}

func rootCommand(a app) *cobra.Command {
	root := &cobra.Command{
		Use:   "t5train",
		Short: "Pre-train, fine-tune, evaluate and run T5 models on a CPU",
		Long: `t5train pre-trains, fine-tunes, evaluates and runs T5 (text-to-text transformers) on a CPU, from one binary.

It reads parquet, CSV and JSON lines, continues models of Hugging Face, and writes checkpoints that transformers opens.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArguments,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(c *cobra.Command, args []string) error {
			a.names.running = c
			if err := cmp.Or(forOneProcess(c), takeOldNames(c, a.console)); err != nil {
				return err
			}
			if name := c.Name(); name != cobra.ShellCompRequestCmd && name != cobra.ShellCompNoDescRequestCmd {
				if err := values.Check(c, args); err != nil { // the shell asks about an argument that is empty yet
					return usageError{err, c.CommandPath()}
				}
			}
			_, err := kernel.ISAFromEnvironment()
			return err
		},
	}
	root.PersistentFlags().Var(a.log, "log", "what standard error gets: text or JSON lines")
	root.PersistentFlags().BoolVar(&a.log.quiet, "quiet", false, "on standard error, only warnings and errors")
	root.AddCommand(
		pretrainCommand(a), finetuneCommand(a), distillCommand(a), sweepCommand(a), evaluateCommand(a), predictCommand(a),
		scoreCommand(a), embedCommand(a), labelCommand(a),
		serveCommand(a), validateCommand(a), checkCommand(a), convertCommand(a), pullCommand(a), dataCommand(a), tokenizerCommand(a),
		benchCommand(a), planCommand(a), inspectCommand(a), sizesCommand(a), configCommand(a), reportCommand(a),
		runsCommand(a), verifyCommand(a), versionCommand(a),
	)
	addOldNames(root)
	completeValues(root)
	help.Group(root)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{flagError(c, err), c.CommandPath()}
	})
	return root
}

// forOneProcess refuses several ranks of a command that does not share its work: each would do and write the same.
func forOneProcess(c *cobra.Command) error {
	l := allreduce.LauncherFrom(os.Getenv)
	if l.Size <= 1 || c.Flags().Lookup(distributedFlag) != nil || !c.Runnable() {
		return nil
	}
	return misuse(c, "%d processes of %s were started, which do not share its work: start one", l.Size, c.CommandPath())
}

// version says which t5train this is.
func version() string {
	text, commit := runlog.Build()
	text = cmp.Or(text, "(unknown)")
	// of which a version without a tag has so much
	if commit != "" && !strings.Contains(text, commit[:min(12, len(commit))]) {
		text += ", commit " + commit
	}
	return fmt.Sprintf("%s, %s, %s/%s", text, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// flagError says what a flag wants in place of what strconv could not read.
func flagError(c *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return unknownFlag(c, err)
	}
	want := invalid.GetFlag().Value.Type()
	switch want {
	case "int", "int64":
		want = "an integer"
		if _, err := strconv.ParseInt(invalid.GetValue(), 0, 64); errors.Is(err, strconv.ErrRange) {
			want = fmt.Sprintf("0 to %d", values.CountLimit(invalid.GetFlag().Name))
		}
	case "uint64":
		want = "an integer of 0 or more, below 2^64"
	case "float64":
		want = "a number"
	case "bool":
		want = "true or false"
	case "duration":
		want = "a time, such as 30s or 2m"
	case "mode": // of generate.EarlyStopping
		want = errors.Unwrap(invalid).Error()
	}
	return fmt.Errorf("--%s %s: want %s", invalid.GetFlag().Name, invalid.GetValue(), want)
}

// unknownFlag adds the flag of the command that is nearest to an unknown one.
func unknownFlag(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return err
	}
	var names []string
	visibleFlags(c, func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := nearest.Word(unknown.GetSpecifiedName(), names); near != "" {
		return fmt.Errorf("%w: did you mean --%s?", err, near)
	}
	return err
}

// noArguments refuses arguments that belong to no flag, most often the rest of a glob that the shell has expanded.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("%s belongs to no flag: %s", args[0], strings.Join(severalValues(c), ", "))
	if c.HasSubCommands() {
		err = fmt.Errorf("there is no command %q", args[0])
		var names []string
		for _, sub := range c.Commands() {
			names = append(names, sub.Name())
		}
		if near := nearest.Word(args[0], names); near != "" {
			err = fmt.Errorf("%w: did you mean %s?", err, near)
		}
	}
	return usageError{err, c.CommandPath()}
}

// severalValues says how the flags of a command line take more values than one. Those that may be repeated take commas
// for text.
func severalValues(c *cobra.Command) (ways []string) {
	c.Flags().Visit(func(f *pflag.Flag) {
		switch f.Value.Type() {
		case "stringArray":
			ways = append(ways, fmt.Sprintf("write --%s before each of its values", f.Name))
		case "stringSlice":
			ways = append(ways, fmt.Sprintf("put several values of --%s in one, a,b", f.Name))
		}
	})
	return append(ways, "put globs and values with spaces in quotes")
}

// logFormat is how a command tells on standard error what happens: --log and --quiet.
type logFormat struct{ json, quiet bool }

// Set implements pflag.Value.
func (l *logFormat) Set(value string) error {
	if l.json = value == "json"; !l.json && value != "text" {
		return errors.New("want text or json")
	}
	return nil
}

// Type implements pflag.Value.
func (l *logFormat) Type() string { return "text or json" }

// String implements pflag.Value.
func (l *logFormat) String() string {
	if l != nil && l.json {
		return "json"
	}
	return "text"
}

func (a app) console() (sink ui.Sink) {
	sink = terminal.New(a.stderr, a.names.text)
	if a.log.json {
		sink = terminal.NewJSON(a.stderr, a.names.text)
	}
	if a.log.quiet {
		sink = terminal.Quiet(sink)
	}
	return sink
}

// tell writes a line to standard error, in every process of a run on several ranks.
func (a app) tell(format string, args ...any) { ui.Say(a.console(), "", format, args...) }

// tellError writes the message of an error after a prefix that JSON has no use for.
func (a app) tellError(prefix, text string) {
	if a.log.json {
		terminal.NewJSON(a.stderr, nil).Error(text)
		return
	}
	terminal.New(a.stderr, nil).Error(prefix, text)
}

// requests returns the log of the requests of a server.
func (a app) requests() slog.Handler {
	o := &slog.HandlerOptions{}
	if a.log.quiet {
		o.Level = slog.LevelWarn
	}
	if a.log.json {
		return slog.NewJSONHandler(a.stderr, o)
	}
	return slog.NewTextHandler(a.stderr, o)
}

// collectEarly lets the garbage collector run when garbage is a fifth of what is in use, and not first when it is as
// much again. The memory of training and generation is a few large arrays without pointers, which cost the collector
// next to nothing, so the peak is lower for free. The environment variable GOGC outranks it.
func collectEarly() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(20)
	}
}
