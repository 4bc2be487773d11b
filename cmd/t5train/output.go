package main

import (
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"t5train/data/table"
	"t5train/internal/atomicfile"
)

// checkUnpacked refuses the name of a packed file, which a reader would unpack.
func checkUnpacked(c *cobra.Command, output string) error {
	if table.Unpacked(output) == output {
		return nil
	}
	return misuse(c, "--output %s: it is not packed: leave out %s", output, filepath.Ext(output))
}

// checkSpared makes sure that the file output is none of the inputs.
func checkSpared(c *cobra.Command, output string, inputs []string, stdin io.Reader) error {
	input, err := atomicfile.SameFile(output, inputs, stdin)
	if err == nil && input != "" {
		err = misuse(c, "--output %s: it is the same file as the input %s: choose another --output", output, input)
	}
	return err
}
