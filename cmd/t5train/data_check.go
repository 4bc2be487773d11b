package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"t5train/data/parquetio"
	"t5train/data/survey"
	"t5train/internal/splits"
	"t5train/trainer"
)

func dataCheckCommand(a app) *cobra.Command {
	var f surveyFlags
	var train, validation, test []string
	var examples int
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
falsify an evaluation, and 0 if there are warnings alone. Memory grows by some 120 bytes a row.`,
		Example: `  t5train data check --train train.parquet --validation validation.parquet
  t5train data check --train 'pairs/train-*.parquet' --test pairs/test.parquet --text-column en --target-column de
  t5train data check --train reviews --tokenizer flan-t5-small --json`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := requireFlags(c, "train"); err != nil {
				return err
			}
			if err := requireAtLeast(c, 1, "examples"); err != nil {
				return err
			}
			measure, err := f.measure(c)
			if err != nil {
				return err
			}
			var sets []survey.Split
			var rows int64
			for _, s := range []struct {
				name  string
				files []string
			}{{splits.Train, train}, {splits.Validation, validation}, {splits.Test, test}} {
				if len(s.files) == 0 {
					continue
				}
				set, err := parquetio.OpenSplit([]string{s.name}, s.files...)
				if err != nil {
					return err
				}
				trainer.SayLeftOut(a.console(), set)
				sets = append(sets, survey.Split{Name: s.name, Set: set})
				rows += set.Rows()
			}
			roles, err := survey.FindRoles(sets[0].Set.Columns(), f.roles)
			if err != nil {
				return fmt.Errorf("check data: %w", err)
			}
			console := a.console()
			sayRoles(console, roles)
			if len(roles.Targets)+len(roles.Labels) == 0 && !c.Flags().Changed("max-input-length") {
				console.Say("plain text: of any length, for pre-training cuts it into pieces (another limit with --max-input-length)")
				measure.MaxInput = 0
			}
			console.Say("memory: about %s for %d rows", bytesText(rows*survey.BytesPerRow), rows)
			phases := trainer.NewPhases(console)
			defer phases.Stop()
			report, err := survey.Check(c.Context(), sets, survey.CheckOptions{
				Roles: roles, Measure: measure, Examples: examples,
				Progress: func(split string, done, total int64) { phases.Progress("check "+split, "rows", done, total) },
			})
			if err != nil {
				return err
			}
			phases.Stop()
			if f.json {
				err = trainer.JSONLines(a.stdout).Encode(report)
			} else {
				p := newPrinter(a)
				p.report(report)
				err = p.finish(nil)
			}
			if n := report.Errors(); err == nil && n > 0 {
				return fmt.Errorf("check data: %d of %d findings falsify an evaluation", n, len(report.Findings))
			}
			return err
		},
	}
	f.add(c)
	flags := c.Flags()
	flags.StringSliceVar(&train, "train", nil, "parquet files: paths, folders or globs")
	flags.StringSliceVar(&validation, "validation", nil, "parquet files that choose the best checkpoint")
	flags.StringSliceVar(&test, "test", nil, "parquet files that nothing is chosen by")
	flags.IntVar(&examples, "examples", 3, "rows to name for each finding")
	return c
}

// sayRoles says what columns are taken for.
func sayRoles(console *trainer.Console, r survey.Roles) {
	for _, role := range []struct {
		name, option string
		columns      []string
	}{{"texts", "--text-column", r.Texts}, {"targets", "--target-column", r.Targets}, {"labels", "--label-column", r.Labels}} {
		if len(role.columns) > 0 {
			console.Say("%s: %s (choose others with %s)", role.name, strings.Join(role.columns, ", "), role.option)
		}
	}
}

func (p printer) report(r *survey.Report) {
	for _, s := range r.Splits {
		p.line(s.Name, "%d rows", s.Rows)
	}
	for _, f := range r.Findings {
		severity := map[bool]string{true: "error", false: "warning"}[f.Error]
		detail := ""
		if f.Detail != "" {
			detail = " (" + f.Detail + ")"
		}
		fmt.Fprintf(p.out, "\n%s: %s: %s%s: %d\n", severity, f.Split, f.Message, detail, f.Count)
		for _, at := range f.Instances {
			line := "  " + at.Place.String()
			if at.Other != nil {
				line += " and " + at.Other.String()
			}
			if at.Text != "" {
				line += ": " + at.Text
			}
			fmt.Fprintln(p.out, line)
		}
		fmt.Fprintf(p.out, "  remedy: %s\n", f.Remedy)
	}
	if len(r.Unknown) > 0 {
		fmt.Fprintln(p.out, "\ncharacters that the vocabulary lacks, the most frequent first")
		for _, c := range r.Unknown {
			fmt.Fprintf(p.out, "  %q %s: %d\n", c.Text, c.Code, c.Count)
		}
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(p.out, "nothing found")
	}
}
