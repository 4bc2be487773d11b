package main

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"t5train/cmd/t5train/next"
	"t5train/internal/atomicfile"
	"t5train/internal/loopback"
	"t5train/internal/ui"
	"t5train/trainer/report"
	"t5train/trainer/sweep"
)

func reportCommand(a app) *cobra.Command {
	var output, plots, address string
	var watch, overwrite bool
	var o report.Options
	c := &cobra.Command{
		Use:   "report RUN...",
		Short: "Show runs: one HTML page, plots for papers, or a page that follows the training",
		Long: `Show runs over each other, in one HTML file that needs no other, no network and no server: how good they are and what
to do next, curves, confusion matrix, examples, lengths, configuration and environment. RUN is the folder of a run, or
one that holds runs. --plots writes each curve as SVG and PNG; --watch serves the page on this machine, where new steps
appear by themselves, until Ctrl-C. The folder of a sweep has a page of its own.`,
		Example: `  t5train report runs/quickstart
  t5train report runs/first runs/second --output compare.html --plots plots
  t5train report runs --watch`,
		RunE: func(c *cobra.Command, paths []string) error {
			if len(paths) == 0 {
				return misuse(c, "no run is named: want the folder of a run, such as runs/quickstart, or one that "+
					"holds runs")
			}
			if !(o.Smoothing >= 0 && o.Smoothing < 1) {
				return misuse(c, "--smoothing %g: want at least 0 and less than 1", o.Smoothing)
			}
			o.Next = next.Commands
			named := c.Flags().Changed("output")
			if len(paths) == 1 && !watch && plots == "" && sweep.IsSweep(paths[0]) {
				return reportSweep(a, c, paths[0], output, named, overwrite)
			}
			dirs, err := report.Folders(paths)
			if err != nil {
				return err
			}
			if watch {
				if named || plots != "" {
					return misuse(c, "got --watch with --output or --plots: it writes no file")
				}
				host, err := splitAddress(address)
				if err != nil || !loopback.Is(host) {
					return misuse(c,
						"--address %s: want this machine and a port, such as 127.0.0.1:8090: the page is for nobody "+
							"else",
						address)
				}
				return watchRuns(a, c, address, dirs, o)
			}
			if named {
				if err := checkUnpacked(c, output); err != nil {
					return err
				}
				if err := atomicfile.CheckReplaceable(output, overwrite); err != nil {
					return err
				}
			}
			runs, err := report.Open(dirs...)
			if err != nil {
				return err
			}
			if !c.Flags().Changed("smoothing") && report.AreShort(runs) {
				o.Smoothing = 0
			}
			sayNotes(a, runs)
			if plots != "" {
				names, err := report.WritePlots(plots, runs, o)
				if err != nil {
					return err
				}
				for _, name := range names {
					fmt.Fprintln(a.stdout, name)
				}
				if !named {
					return nil
				}
			}
			w, finish, err := atomicfile.OpenOutput(a.data, output)
			if err != nil {
				return err
			}
			if err := finish(report.WritePage(w, report.NewPage(runs, o))); err != nil {
				return err
			}
			if output != "-" {
				ui.Say(a.console(), "report", "%s", output)
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVarP(&output, "output", "o", "report.html", "file for the page; - is standard output")
	f.BoolVar(&overwrite, "overwrite", false, "replace the file that --output names")
	f.StringVar(&plots, "plots", "", "folder for a SVG and a PNG of each curve; the page only with --output")
	f.BoolVar(&watch, "watch", false, "serve the page on this machine and follow the runs")
	f.StringVar(&address, "address", "127.0.0.1:8090", "with --watch: host:port to listen at; port 0 is free")
	f.Float64Var(&o.Smoothing, "smoothing", 0.6, "share of the past in a point of a noisy curve; none in short runs")
	f.BoolVar(&o.Log, logScales, false,
		"begin with logarithmic scales for losses and gradient norms")
	return c
}

const logScales = "log-scales"

// reportArguments gives --log of report, which is --log-scales unless it has one of the values of other commands, its
// name.
func reportArguments(args []string) []string {
	if len(args) == 0 || args[0] != "report" {
		return args
	}
	args = slices.Clone(args)
	for i, arg := range args {
		name, value, given := strings.Cut(arg, "=")
		if !given && i+1 < len(args) {
			value = args[i+1]
		}
		if name == "--log" && new(logFormat).Set(value) != nil {
			args[i] = "--" + logScales + strings.TrimPrefix(arg, name)
		}
	}
	return args
}

// sayNotes sends what is wrong with the files of runs.
func sayNotes(a app, runs []*report.Run) {
	for _, r := range runs {
		for _, note := range r.Notes {
			ui.Say(a.console(), "note", "%v", note)
		}
	}
}

// watchRuns serves the page until a signal ends it.
func watchRuns(a app, c *cobra.Command, address string, dirs []string, o report.Options) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("watch: %w: choose another --address", err)
	}
	ui.Say(a.console(), "report", "http://%s (Ctrl-C stops)", listener.Addr())
	if err := report.Watch(c.Context(), listener, dirs, o); err != nil {
		return err
	}
	return errStopped
}
