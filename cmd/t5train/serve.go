package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"t5train/internal/loopback"
	"t5train/internal/ui"
	"t5train/trainer/serve"
	"t5train/trainer/serve/access"
	"t5train/trainer/serve/adapters"
)

func serveCommand(a app) *cobra.Command {
	var from modelFlags
	var address string
	var files access.Files
	var o serve.Options
	var t taskFlags
	var adapted []string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Answer HTTP requests with a model, and show a page to try it",
		Long: `Answer HTTP requests with a model: JSON in, JSON out, and a page at / to try it in a browser. Requests that come at the
same time are computed together. The first SIGINT, SIGTERM or SIGHUP finishes those that are there and ends with status
0. The server listens to this machine alone unless --address says otherwise; then --api-key-file and --tls-cert say who
may ask, and encrypt. docs/serving.md has the endpoints.`,
		Example: `  t5train serve --model runs/quickstart
  t5train serve --model google/flan-t5-base --adapter sms=runs/sms --adapter mail=runs/mail
  t5train serve --model google/flan-t5-small --address :9000 --host t5.example.org --api-key-file keys.txt`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkServeFlags(c); err != nil {
				return err
			}
			if _, err := t.read(c); err != nil {
				return err
			}
			host, err := splitAddress(address)
			if err != nil {
				return misuse(c, "--address %s: want host:port, such as 127.0.0.1:8080, or :8080 for all interfaces",
					address)
			}
			if o.Adapters, err = namedAdapters(c, &from, adapted); err != nil {
				return err
			}
			console := a.console()
			o.Log = slog.New(a.requests())
			var notes []string
			if o.Keys, o.TLS, notes, err = files.Read(); err != nil {
				return fmt.Errorf("serve: %w", err)
			}
			local := loopback.Is(host)
			if !local && len(o.Hosts) == 0 {
				o.Hosts = []string{"*"}
			}
			server, err := serve.Open(from.checkpoint, from.open(&t, console), o)
			if err != nil {
				return err
			}
			defer server.Close()
			listener, err := net.Listen("tcp", address)
			if err != nil {
				return fmt.Errorf("serve: %w: choose another --address", err)
			}
			scheme := "http"
			if o.TLS != nil {
				scheme = "https"
			}
			ui.Say(console, "serve", "%s://%s", scheme, listener.Addr())
			switch {
			case local:
			case o.Keys == nil:
				notes = append(notes, "everyone who reaches this address can use the model: --api-key-file lets only "+
					"those ask who know a key, and --address 127.0.0.1:8080 is for this machine alone")
			case o.TLS == nil:
				notes = append(notes, "whoever is on the way can read keys and texts: --tls-cert and --tls-key "+
					"encrypt them")
			}
			for _, note := range notes {
				ui.Say(console, ui.Warning, "%s", note)
			}
			if err := server.Run(c.Context(), listener); err != nil {
				return err
			}
			ui.Say(console, "serve", "stopped")
			return errStopped
		},
	}
	f := c.Flags()
	from.add(c)
	f.Var(&from.dtype, "dtype", dtypeHelp)
	f.StringArrayVar(&adapted, "adapter", nil, "adapter (LoRA) beside the model; NAME=DIR several times for many")
	f.StringVar(&address, "address", "127.0.0.1:8080", "host and port to listen at; port 0 is a free one")
	f.StringSliceVar(&o.Hosts, "host", nil, "name by which clients may ask (default: of this machine, or any)")
	f.StringVar(&files.Keys, "api-key-file", "", "file with a key a line; a client must send one of them")
	f.StringVar(&files.Certificate, "tls-cert", "", "PEM file with the certificate for HTTPS")
	f.StringVar(&files.PrivateKey, "tls-key", "", "PEM file with the private key of --tls-cert")
	f.IntVar(&o.BatchSize, "batch-size", 32, "sequences computed at a time; each beam is one")
	f.IntVar(&o.BatchTokens, "batch-tokens", 32768, "tokens of inputs and outputs computed at a time")
	f.IntVar(&o.Workers, "workers", 1, "batches computed at a time; more help small models")
	f.IntVar(&o.Queue, "queue", 1024, "inputs that may wait; more are refused with status 429")
	f.Int64Var(&o.MaxBody, "max-body", 1<<20, "longest body of a request in bytes")
	f.IntVar(&o.MaxInputs, "max-inputs", 128, "most inputs of a request")
	f.IntVar(&o.MaxInputLength, "max-input-length", 0, "longest input in tokens (default: the checkpoint's, or 512)")
	f.IntVar(&o.MaxOutputLength, "max-output-length", 0,
		"longest output to ask for, in tokens (default: 512, or the model's)")
	f.IntVar(&o.MaxBeams, "max-beams", 16, "most beams or samples of an input")
	f.IntVar(&o.Connections, "max-connections", 2048, "connections at a time; others wait")
	f.DurationVar(&o.Timeout, "timeout", time.Minute, "longest time of a request, waiting included")
	f.DurationVar(&o.Grace, "grace", 30*time.Second, "time to finish requests after a signal")
	f.IntVar(&o.Threads, "threads", 0, "threads to compute with; 0 is all")
	t.add(c)
	return c
}

// namedAdapters reads --adapter: one adapter that is part of the model, or NAME=DIR for those that requests name.
func namedAdapters(c *cobra.Command, from *modelFlags, flags []string) (list []adapters.Adapter, err error) {
	for _, value := range flags {
		name, path, named := strings.Cut(value, "=")
		switch {
		case named && adapters.IsName(name) && path != "":
			list = append(list, adapters.Adapter{Name: name, Path: path})
		case len(flags) > 1:
			return nil, misuse(c, "--adapter %s: want NAME=DIR of several adapters, such as sms=runs/sms",
				value)
		default:
			from.adapter = value
		}
	}
	return list, nil
}

// splitAddress returns the host of an address whose port can be listened at.
func splitAddress(address string) (host string, err error) {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	return host, err
}

// errStopped ends a command that a signal has ended as it should.
var errStopped = errors.New("stopped")

func checkServeFlags(c *cobra.Command) error {
	if err := cmp.Or(requireFlags(c, "model"),
		requireAtLeast(c, 1, "batch-size", "batch-tokens", "workers", "queue", "max-inputs", "max-beams",
			"max-connections"),
		requireAtLeast(c, 2, "max-input-length", "max-output-length")); err != nil {
		return err
	}
	// The flags are there and of these types, so reading them cannot fail.
	for _, name := range []string{"timeout", "grace"} {
		if d, _ := c.Flags().GetDuration(name); d <= 0 {
			return misuse(c, "--%s %v: want more than 0, such as 30s", name, d)
		}
	}
	if f := c.Flags(); f.Changed("tls-cert") != f.Changed("tls-key") {
		return misuse(c, "--tls-cert and --tls-key belong together: give both or none")
	}
	queue, _ := c.Flags().GetInt("queue")
	if inputs, _ := c.Flags().GetInt("max-inputs"); inputs > queue {
		return misuse(c, "--queue %d: want at least --max-inputs, %d: raise the one or lower the other", queue, inputs)
	}
	if n, _ := c.Flags().GetInt64("max-body"); n < 1 {
		return misuse(c, "--max-body %d: want at least 1", n)
	}
	return nil
}
