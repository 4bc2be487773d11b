package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"t5train/data/dataset"
	"t5train/data/inspect"
	"t5train/data/parquetio"
	"t5train/internal/jsonlines"
	"t5train/internal/ui"
)

func dataCheckCommand(a app) *cobra.Command {
	var f surveyFlags
	var files splitFiles
	var o inspect.CheckOptions
	c := &cobra.Command{
		Use:   "check",
		Short: "Find what would spoil a training or falsify its evaluation",
		Long: `Find what is wrong with a data set, within its splits and between them:

  errors      texts that are in two splits, also but for case and white space; labels that are no class or are missing;
              class names that differ between splits
  warnings    texts that are there twice in a split; the same text with different labels; labels that train does not have;
              empty texts and targets; characters that the vocabulary lacks; texts that the length limits cut, unless there are
              neither targets nor labels, as for pre-training

Each finding names rows as FILE:ROW, of which the first is 0, and a remedy. The exit status is 1 if there are errors, for they
falsify an evaluation, and 0 if there are warnings alone. Short sentences that a corpus has in two splits by accident need
be no errors: --min-shared-length passes over short texts, --max-shared allows a share of the rows. Memory grows by some 120 bytes a row.`,
		Example: `  t5train data check --train train.parquet --validation validation.parquet
  t5train data check --train 'pairs/train-*.parquet' --test pairs/test.parquet --text-column en --target-column de
  t5train data check --train reviews --tokenizer flan-t5-small --json`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := cmp.Or(requireFlags(c, "train"),
				requireAtLeast(c, 1, "examples", "min-shared-length")); err != nil {
				return err
			}
			if !(o.MaxShared >= 0 && o.MaxShared <= 1) {
				return misuse(c, "--max-shared %g: want a share of the rows from 0 to 1, such as 0.01", o.MaxShared)
			}
			measure, err := f.measure(c)
			if err != nil {
				return err
			}
			sets, rows, err := files.open(a, func(patterns, wanted []string) (*parquetio.Dataset, error) {
				return dataset.OpenFiles(c.Context(), patterns, wanted)
			})
			if err != nil {
				return err
			}
			roles, err := inspect.FindRoles(sets[0].Set.Columns(), f.roles)
			if err != nil {
				return fmt.Errorf("check data: %w", err)
			}
			console := a.console()
			sayRoles(console, roles)
			if len(roles.Targets)+len(roles.Labels) == 0 && !c.Flags().Changed("max-input-length") {
				ui.Say(console, "plain text",
					"of any length, for pre-training cuts it into pieces (another limit with "+
						"--max-input-length)")
				measure.MaxInput = 0
			}
			ui.Say(console, "memory", "about %s for %d rows", ui.Bytes(rows*inspect.BytesPerRow), rows)
			o.Roles, o.Measure, o.Sink = roles, measure, console
			report, err := inspect.Check(c.Context(), sets, o)
			if err != nil {
				return err
			}
			for i := range report.Findings {
				f := &report.Findings[i]
				f.Remedy = a.names.text(f.Remedy)
			}
			if report.Cleanable() {
				report.Clean = files.cleanCommand(f.roles, o.MinShared)
			}
			if f.json {
				err = jsonlines.NewEncoder(a.stdout).Encode(report)
			} else {
				p := ui.NewLines(a.stdout)
				report.Write(p)
				err = p.Finish(nil)
			}
			if n := report.Errors(); err == nil && n > 0 {
				return fmt.Errorf("check data: %d of %d findings falsify an evaluation", n, len(report.Findings))
			}
			return err
		},
	}
	f.add(c)
	flags := c.Flags()
	files.add(c)
	flags.IntVar(&o.Examples, "examples", 3, "rows to name for each finding")
	flags.Float64Var(&o.MaxShared, "max-shared", 0,
		"share of the rows of a split, such as 0.01, up to which texts of another split are a warning")
	addMinShared(c, &o.MinShared)
	return c
}

// sayRoles says what columns are taken for.
func sayRoles(console ui.Sink, r inspect.Roles) {
	for _, role := range []struct {
		name, option string
		columns      []string
	}{{"texts", "--text-column", r.Texts}, {"targets", "--target-column", r.Targets},
		{"labels", "--label-column", r.Labels}} {
		if len(role.columns) > 0 {
			ui.Say(console, role.name, "%s (choose others with %s)", strings.Join(role.columns, ", "), role.option)
		}
	}
}
