package main

import (
	"cmp"
	"fmt"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"t5train/checkpoints/builtin"
	"t5train/model/kernel"
	"t5train/trainer/runlog"
)

func versionCommand(a app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and what this machine computes with",
		Long: `Print version, commit and Go of this program, the kernels that it takes on this machine (and in brackets all that run
here: T5_KERNEL chooses one), and the models that are built in.`,
		Example: `  t5train version
  t5train --version
  T5_KERNEL=portable t5train version`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			isa, err := kernel.ISAFromEnvironment()
			if err != nil {
				return err
			}
			here := runlog.Here()
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			for _, line := range [][2]string{
				{"version", cmp.Or(here.Version, "(unknown)")},
				{"commit", cmp.Or(here.Commit, "(unknown)")},
				{"go", here.Go + " " + runtime.GOOS + "/" + runtime.GOARCH},
				{"processor", fmt.Sprintf("%s, %d threads", cmp.Or(here.Processor, "(unknown)"), runtime.NumCPU())},
				{"kernels", fmt.Sprintf("%s (%s)", isa, strings.Join(kernel.ISAs(), ", "))},
				{"models", cmp.Or(strings.Join(builtin.Names(), ", "), "none built in")},
			} {
				fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
			}
			return w.Flush()
		},
	}
}
