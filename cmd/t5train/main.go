// Command t5train pre-trains, fine-tunes, evaluates and runs T5 models.
//
//	go run ./cmd/t5train finetune --config configs/quickstart.yaml
//	go run ./cmd/t5train predict --checkpoint runs/quickstart --text "You have won a prize"
//
// Results go to standard output, everything else to standard error. The exit status is 0 on success, 1 on an error, 2
// on wrong usage, and 130 or 143 when SIGINT or SIGTERM ended the work, 0 when they ended
// serve or report --watch, which nothing else ends.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"t5train/trainer/dist"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// interrupt is the cause of a context that a signal ended.
type interrupt struct{ signal syscall.Signal }

func (i interrupt) Error() string { return "stopped by " + i.signal.String() }

func run(args []string, stdin io.Reader, stdout io.Writer, stderr *os.File) int {
	ctx, stop := untilSignal()
	defer stop()
	root := rootCommand(app{stdin: stdin, stdout: stdout, stderr: stderr})
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
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
			say(stderr, err)
		}
		return 128 + int(ended.signal)
	case err == nil:
		return 0
	case errors.Is(err, errStoppedElsewhere):
		return 128 + int(syscall.SIGTERM)
	case errors.As(err, &usage):
		say(stderr, err)
		return 2
	default:
		say(stderr, err)
		return 1
	}
}

// say writes the message of an error that ends the command, unless somebody has.
func say(stderr io.Writer, err error) {
	if errors.Is(err, errSaid) {
		return
	}
	// Mostly another rank has the same error, and the launcher ends this one once that has said so.
	time.Sleep(time.Duration(dist.LauncherFrom(os.Getenv).Turn()) * 1500 * time.Millisecond)
	fmt.Fprintln(stderr, "t5train:", err)
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(stderr, "run '%s --help' for usage\n", usage.command)
	}
}

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. A second one ends the process at once.
func untilSignal() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s, ok := <-signals
		if !ok {
			return
		}
		signal.Stop(signals)
		cancel(interrupt{s.(syscall.Signal)})
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}
