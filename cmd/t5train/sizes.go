package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"t5train/internal/ui"
	"t5train/model"
	"t5train/trainer/optim"
)

func sizesCommand(a app) *cobra.Command {
	return &cobra.Command{
		Use:   "sizes",
		Short: "List model sizes with their parameters and the memory that they need",
		Long:  `List the sizes of T5 with their parameters, and the memory that a checkpoint, inference and training take.`,
		Example: `  t5train sizes
  t5train sizes | grep v1_1
  t5train sizes | sort -k 2 -n`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
			fmt.Fprint(w, "size\tparameters\tlayers\td_model\td_ff\theads\tcheckpoint\tinference\t")
			var larger []string
			for _, name := range optim.Names() {
				fmt.Fprintf(w, "training, %s\t", name)
				if n := optim.StateFloats(name); n > 0 {
					larger = append(larger, fmt.Sprintf("%d times with %s", n+1, name))
				}
			}
			fmt.Fprintln(w)
			for _, s := range model.Sizes() {
				c, m := s.Config, s.Config.Memory()
				fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\t", s.Name, millions(c.Parameters()), 2*c.NumLayers,
					c.DModel, c.DFF, c.NumHeads, ui.Bytes(m.Weights), ui.Bytes(m.Inference))
				for _, name := range optim.Names() {
					fmt.Fprintf(w, "%s\t", ui.Bytes(m.Training(optim.StateFloats(name))))
				}
				fmt.Fprintln(w)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			_, err := fmt.Fprintf(a.stdout, `
Memory is an estimate for 8 inputs of 512 tokens and 8 targets of 128 at a time, in float32; smaller batches need less.
Writing a checkpoint while training goes on takes up to its own size more: that of the table, or %s.
Sizes small to 11b are T5 1.0 (ReLU, tied embeddings), v1_1 sizes T5 1.1 (gated GELU, untied). A size is the start for
--set model.d_model=... and the other keys of a custom one.
`, strings.Join(larger, ", "))
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
