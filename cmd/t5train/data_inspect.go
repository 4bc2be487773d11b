package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"t5train/data/dataset"
	"t5train/data/inspect"
	"t5train/internal/jsonlines"
	"t5train/internal/ui"
)

func dataInspectCommand(a app) *cobra.Command {
	var f surveyFlags
	var columns []string
	var examples int
	c := &cobra.Command{
		Use:   "inspect FILES...",
		Short: "Describe a data set: columns, examples, labels, lengths of texts",
		Long: `Describe files, folders or globs as one data set, or each split of folders that have splits by itself: columns with their class names, some rows, how often each label
is there, and how long texts are in tokens, with the part that the length limits of training would cut.

Columns are measured by themselves; what a task puts in front of a text, or between two, comes on top.`,
		Example: `  t5train data inspect train.parquet
  t5train data inspect 'reviews/train-*.parquet' --column text --max-input-length 256
  t5train data inspect reviews --tokenizer flan-t5-small --json`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse(c, "no file: name files or folders")
			}
			measure, err := f.measure(c)
			if err != nil {
				return err
			}
			parts, err := partsOf(args)
			if err != nil {
				return err
			}
			for i, s := range parts {
				d, err := describeFiles(c.Context(), a, s.files, f.roles, columns,
					inspect.DescribeOptions{Measure: measure, Examples: examples})
				if err != nil {
					return err
				}
				d.Split = s.split
				if f.json {
					err = jsonlines.NewEncoder(a.stdout).Encode(d)
				} else {
					p := ui.NewLines(a.stdout)
					part(p, i, s.title)
					d.Write(p)
					err = p.Finish(nil)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	f.add(c)
	c.Flags().StringSliceVar(&columns, "column", nil, "only these columns")
	c.Flags().IntVar(&examples, "examples", 3, "rows to show")
	return c
}

// dataPart is what is described together.
type dataPart struct {
	split, title string // "" where it is no split of a folder
	files        []string
}

// partsOf returns the splits of folders, and all other arguments as one part.
func partsOf(arguments []string) (parts []dataPart, err error) {
	var rest []string
	for _, argument := range arguments {
		all, err := dataset.Splits(argument)
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			title := fmt.Sprintf("%s of %s", s.Name, argument)
			if s.Name == "" {
				title = "none, in " + argument
			}
			parts = append(parts, dataPart{s.Name, title, s.Files})
		}
		if len(all) == 0 {
			rest = append(rest, argument)
		}
	}
	if len(rest) > 0 {
		parts = append(parts, dataPart{files: rest})
	}
	return parts, nil
}

// part writes the title of a part, if it has one, apart from the one before.
func part(p ui.Lines, index int, title string) {
	if index > 0 {
		p.Printf("\n")
	}
	if title != "" {
		p.Line("split", "%s", title)
	}
}

// describeFiles reads the files of a part.
func describeFiles(ctx context.Context, a app, files []string, roles inspect.Roles, columns []string,
	o inspect.DescribeOptions) (*inspect.Description, error) {
	set, err := dataset.OpenFiles(ctx, files, nil)
	if err != nil {
		return nil, err
	}
	dataset.SayLeftOut(a.console(), set)
	if o.Roles, err = inspect.FindRoles(set.Columns(), roles); err != nil {
		return nil, fmt.Errorf("inspect data: %w", err)
	}
	if len(columns) > 0 {
		if err := set.CheckColumns(columns); err != nil {
			return nil, err
		}
		o.Roles, o.Columns = o.Roles.Only(columns), columns
	}
	o.Sink = a.console()
	return inspect.Describe(ctx, set, o)
}
