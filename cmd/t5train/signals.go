package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// interrupt is the cause of a context that a signal ended.
type interrupt struct{ signal syscall.Signal }

func (i interrupt) Error() string { return "stopped by " + i.signal.String() }

// untilSignal returns a context that ends with the first SIGINT, SIGTERM or SIGHUP (the terminal is gone), or when nobody
// reads standard error any more (SIGPIPE: the program behind a pipe, or the connection, is gone). A second SIGINT or
// SIGTERM ends the process at once; a second SIGHUP does not, for shells and terminals send several. Under nohup SIGHUP
// stays ignored.
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
