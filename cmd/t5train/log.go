package main

import (
	"errors"
	"fmt"
	"log/slog"

	"t5train/internal/ui"
	"t5train/internal/ui/terminal"
	"t5train/internal/visible"
)

// logFormat is how a command tells on standard error what happens: --log.
type logFormat struct{ json bool }

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

const logUsage = "what standard error gets: `text`, or json: notes, progress, metrics and errors as JSON lines"

func (a app) json() bool { return a.log != nil && a.log.json }

func (a app) console() ui.Sink {
	if a.json() {
		return terminal.NewJSON(a.stderr, a.names.text)
	}
	return terminal.New(a.stderr, a.names.text)
}

// tell writes a line to standard error, in every process of a run on several ranks.
func (a app) tell(format string, args ...any) { ui.Say(a.console(), "", format, args...) }

// tellError writes the message of an error after a prefix that JSON has no use for.
func (a app) tellError(prefix, text string) {
	if a.json() {
		terminal.NewJSON(a.stderr, nil).Error(text)
		return
	}
	fmt.Fprintln(a.stderr, prefix, visible.Text(text))
}

// requests returns the log of the requests of a server.
func (a app) requests() slog.Handler {
	if a.json() {
		return slog.NewJSONHandler(a.stderr, nil)
	}
	return slog.NewTextHandler(a.stderr, nil)
}
