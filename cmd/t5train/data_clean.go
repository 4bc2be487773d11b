package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"t5train/data/importer"
	"t5train/data/inspect"
	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/internal/jsonlines"
	"t5train/internal/ui"
)

func dataCleanCommand(a app) *cobra.Command {
	var files splitFiles
	var output string
	var overwrite, json bool
	var o inspect.CleanOptions
	c := &cobra.Command{
		Use:   "clean",
		Short: "Drop the rows that check finds: without text or label, double, or in two splits",
		Long: `Write the splits of a data set anew, without the rows that spoil a training or falsify its evaluation: without text,
target or label, double, with conflicting labels, or in a later split too. Each file of the input becomes one of the
output, with all its columns. --fix-encoding also repairs texts such as Ã© for é. docs/data.md lists the reasons.`,
		Example: `  t5train data clean --train reviews/train.parquet --validation reviews/validation.parquet --output clean
  t5train data clean --train pairs --test pairs --target-column de --min-shared-length 20 --output clean
  t5train data clean --train reviews --fix-encoding --output clean --json`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := cmp.Or(requireFlags(c, "train", "output"),
				requireAtLeast(c, 1, "min-shared-length")); err != nil {
				return err
			}
			if table.IsParquet(output) {
				return misuse(c, "--output %s is one file: name a folder", output)
			}
			splits, _, err := files.open(a, func(patterns, wanted []string) (*parquetio.Dataset, error) {
				return parquetio.OpenSplit(wanted, patterns...) // files are copied as parquet
			})
			if err != nil {
				return err
			}
			if o.Roles, err = inspect.FindRoles(splits[0].Set.Columns(), o.Roles); err != nil {
				return fmt.Errorf("clean data: %w", err)
			}
			console := a.console()
			sayRoles(console, o.Roles)
			var names []string
			for _, s := range splits {
				names = append(names, s.Name)
			}
			folder, err := importer.CreateFolder(output, names, overwrite)
			if err != nil {
				return err
			}
			o.Sink = console
			report, err := inspect.CleanInto(c.Context(), folder, splits, o)
			if err := errors.Join(err, folder.Close()); err != nil {
				return err
			}
			if json {
				return jsonlines.NewEncoder(a.stdout).Encode(report)
			}
			p := ui.NewLines(a.stdout)
			report.Write(p)
			return p.Finish(nil)
		},
	}
	files.add(c)
	addRoles(c, &o.Roles)
	addMinShared(c, &o.MinShared)
	f := c.Flags()
	f.BoolVar(&o.FixEncoding, "fix-encoding", false, "repair texts that are UTF-8 read as Windows-1252 or Latin-1")
	f.StringVar(&output, "output", "", "folder for SPLIT-00000-of-00001.parquet")
	f.BoolVar(&overwrite, "overwrite", false, "replace files of the same splits")
	f.BoolVar(&json, "json", false, "print one JSON object")
	return c
}
