package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"t5train/internal/ui"
	"t5train/model"
)

func sizesCommand(a app) *cobra.Command {
	return &cobra.Command{
		Use:   "sizes",
		Short: "List model sizes with their parameters and the memory that they need",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
			fmt.Fprintln(w, "size\tparameters\tlayers\td_model\td_ff\theads\tcheckpoint\tinference\ttraining, "+
				"adafactor\ttraining, adamw\t")
			for _, s := range model.Sizes() {
				c, m := s.Config, s.Config.Memory()
				fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t\n", s.Name, millions(c.Parameters()),
					2*c.NumLayers,
					c.DModel, c.DFF, c.NumHeads,
					ui.Bytes(m.Weights), ui.Bytes(m.Inference), ui.Bytes(m.Adafactor), ui.Bytes(m.AdamW))
			}
			if err := w.Flush(); err != nil {
				return err
			}
			_, err := fmt.Fprintln(a.stdout, `
Memory is an estimate for 8 inputs of 512 tokens and 8 targets of 128 at a time, in float32; smaller batches need less.
Writing a checkpoint while training goes on takes up to its own size more, which with adamw is three times that of the table.
Sizes small to 11b are T5 1.0 (ReLU, tied embeddings), v1_1 sizes T5 1.1 (gated GELU, untied). A size is the start for
--set model.d_model=... and the other keys of a custom one.`)
			return err
		},
	}
}

func millions(n int64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.2f B", float64(n)/1e9)
	}
	return fmt.Sprintf("%.1f M", float64(n)/1e6)
}
