// Command t5train pre-trains, fine-tunes, evaluates and runs T5 models.
//
//	go run ./cmd/t5train finetune --config configs/quickstart.yaml
//	go run ./cmd/t5train predict --model runs/quickstart --text "You have won a prize"
//
// Results go to standard output, everything else to standard error. The exit status is 0 on success, 1 on an error, 2
// on wrong usage, and 128 + its number when a signal ended the work (SIGINT 130, SIGTERM 143, SIGHUP 129, SIGPIPE 141),
// 0 when one ended serve or report --watch, which nothing else ends.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"t5train/internal/mmap"
	"t5train/internal/visible"
	"t5train/trainer/allreduce"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin io.Reader, stdout io.Writer, stderr *os.File) int {
	ctx, stop := untilSignal()
	defer stop()
	shown, messages := visible.NewWriter(stdout), visible.NewWriter(stderr)
	a := app{stdin: stdin, stdout: shown, data: stdout, stderr: stderr, names: &flagNames{}, log: &logFormat{}}
	if f, ok := stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		a.data = shown
	}
	root := rootCommand(a)
	root.SetArgs(reportArguments(args))
	root.SetIn(stdin)
	root.SetOut(shown)
	root.SetErr(messages)
	err := mmap.Guard(func() error { return root.ExecuteContext(ctx) })
	messages.Flush() // whose error can be said nowhere
	if flushErr := shown.Flush(); err == nil {
		err = flushErr
	}
	var usage usageError
	var ended interrupt
	switch {
	case errors.Is(err, errStopped):
		return 0
	case errors.As(context.Cause(ctx), &ended):
		if errors.Is(err, context.Canceled) {
			err = ended
		}
		if err != nil {
			a.say(err)
		}
		return 128 + int(ended.signal)
	case err == nil:
		return 0
	case unreadOutput(err):
		return 128 + int(syscall.SIGPIPE)
	case errors.Is(err, errStoppedElsewhere):
		return 128 + int(syscall.SIGTERM)
	case errors.As(err, &usage):
		a.say(err)
		return 2
	default:
		a.say(err)
		return 1
	}
}

// maxMessage is more bytes than a message of use has: what damaged files hold may get into one.
const maxMessage = 1 << 15

// say writes the message of an error that ends the command, unless somebody has.
func (a app) say(err error) {
	if errors.Is(err, errSaid) {
		return
	}
	// Mostly another rank has the same error, and the launcher ends this one once that has said so.
	time.Sleep(time.Duration(allreduce.LauncherFrom(os.Getenv).Turn()) * 1500 * time.Millisecond)
	text := a.names.error(err)
	if more := len(text) - maxMessage; more > 0 {
		text = fmt.Sprintf("%s... (%d bytes more)", strings.ToValidUTF8(text[:maxMessage], ""), more)
	}
	a.tellError("t5train:", text)
	var usage usageError
	if errors.As(err, &usage) && !a.log.json {
		fmt.Fprintf(a.stderr, "run '%s --help' for usage\n", usage.command)
	}
}

// interrupt is the cause of a context that a signal ended.
type interrupt struct{ signal syscall.Signal }

func (i interrupt) Error() string { return "stopped by " + i.signal.String() }

// untilSignal returns a context that ends with the first SIGINT, SIGTERM or SIGHUP (the terminal is gone), or when
// nobody reads standard error any more (SIGPIPE: the program behind a pipe, or the connection, is gone). A second
// SIGINT or SIGTERM ends the process at once; a second SIGHUP does not, for shells and terminals send several. Under
// nohup SIGHUP stays ignored.
func untilSignal() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	ending := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		ending = append(ending, syscall.SIGHUP)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, ending...)
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case s := <-signals:
				signal.Ignore(syscall.SIGHUP)
				signal.Reset(os.Interrupt, syscall.SIGTERM)
				cancel(interrupt{s.(syscall.Signal)})
			case <-pipes: // also those of the connections of serve, whose writes fail and end nothing else
				if unread(os.Stderr) {
					signal.Ignore(syscall.SIGPIPE)
					cancel(interrupt{syscall.SIGPIPE})
				}
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		signal.Stop(pipes)
		cancel(nil)
	}
}

// unreadOutput reports whether err comes from a standard output that nobody reads any more, as that of predict | head.
func unreadOutput(err error) bool { return errors.Is(err, syscall.EPIPE) && unread(os.Stdout) }
