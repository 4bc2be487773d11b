package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"t5train/checkpoints/hub"
	"t5train/checkpoints/pull"
)

func pullCommand(a app) *cobra.Command {
	var o pull.Options
	revision := hub.Main
	c := &cobra.Command{
		Use:   "pull ORG/NAME",
		Short: "Download a model of the Hugging Face hub into its cache",
		Long: `Download the files of a model that t5train reads into the cache that the tools of Hugging Face keep on this machine
(HF_HUB_CACHE, HF_HOME), in their layout: all commands find it by its name then, and so do those tools. A download that
was interrupted goes on when the command is given again. HF_TOKEN is sent to the endpoint alone; with HF_HUB_OFFLINE=1
nothing is downloaded. docs/checkpoints.md has the rest.`,
		Example: `  t5train pull google/flan-t5-small
  t5train pull google/flan-t5-small --revision main
  t5train pull google/flan-t5-small --endpoint https://mirror.example.org`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse(c, "got %d names, want one, such as google/flan-t5-small", len(args))
			}
			name, ok := hub.ParseName(args[0])
			if !ok {
				return misuse(c, "%.200q is no name of a model: want one such as google/flan-t5-small", args[0])
			}
			if c.Flags().Changed("revision") {
				if !hub.ValidRevision(revision) {
					return misuse(c, "--revision %.200q: want a branch, a tag or a commit", revision)
				}
				name.Revision = revision
			}
			o.Sink = a.console()
			dir, err := pull.Model(c.Context(), name, o)
			if err == nil {
				_, err = fmt.Fprintln(a.stdout, dir)
			}
			return err
		},
	}
	c.Flags().StringVar(&revision, "revision", revision, "branch, tag or commit")
	c.Flags().StringVar(&o.Endpoint, "endpoint", "", "URL of the hub (default: HF_ENDPOINT, or https://huggingface.co)")
	return c
}
