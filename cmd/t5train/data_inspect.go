package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"t5train/data/dataset"
	"t5train/data/inspect"
	"t5train/internal/jsonlines"
	"t5train/internal/ui"
)

// dataInspectCommand is inspect for data, by its old name.
func dataInspectCommand(a app) *cobra.Command {
	var d dataInspect
	c := &cobra.Command{
		Use:    "inspect",
		Short:  "Describe a data set: columns, examples, labels, lengths of texts",
		Hidden: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse(c, "no file: name files or folders")
			}
			a.sayMoved(c, "inspect")
			return d.run(c, a, args)
		},
	}
	d.add(c)
	return c
}

// dataInspect is what is asked about data.
type dataInspect struct {
	survey   surveyFlags
	columns  []string
	examples int
}

func (d *dataInspect) add(c *cobra.Command) {
	d.survey.add(c)
	c.Flags().StringSliceVar(&d.columns, "column", nil, "only these columns")
	c.Flags().IntVar(&d.examples, "examples", 3, "rows to show")
}

// run describes the splits of folders, each by itself, and all other files as one data set.
func (d *dataInspect) run(c *cobra.Command, a app, paths []string) error {
	measure, err := d.survey.measure(c)
	if err != nil {
		return err
	}
	sets, err := describedTogether(paths)
	if err != nil {
		return err
	}
	for i, s := range sets {
		if err := d.describe(c.Context(), a, i, s, measure); err != nil {
			return err
		}
	}
	return nil
}

func (d *dataInspect) describe(ctx context.Context, a app, index int, s describedSet, m inspect.Measure) error {
	set, err := dataset.OpenFiles(ctx, s.files, nil)
	if err != nil {
		return err
	}
	dataset.SayLeftOut(a.console(), set)
	o := inspect.DescribeOptions{Measure: m, Examples: d.examples, Sink: a.console()}
	if o.Roles, err = inspect.FindRoles(set.Columns(), d.survey.roles); err != nil {
		return fmt.Errorf("inspect data: %w", err)
	}
	if len(d.columns) > 0 {
		if err := set.CheckColumns(d.columns); err != nil {
			return err
		}
		o.Roles, o.Columns = o.Roles.Only(d.columns), d.columns
	}
	description, err := inspect.Describe(ctx, set, o)
	if err != nil {
		return err
	}
	if description.Split = s.split; d.survey.json {
		return jsonlines.NewEncoder(a.stdout).Encode(description)
	}
	p := ui.NewLines(a.stdout)
	if index > 0 {
		p.Printf("\n")
	}
	if s.title != "" {
		p.Line("split", "%s", s.title)
	}
	for _, f := range set.Files() {
		p.Line("file", "%s: %d rows, %d row groups, %s, %s, written by %s", f.Path, f.Rows, f.RowGroups,
			ui.Bytes(f.Bytes), strings.Join(f.Compression, "+"), f.CreatedBy)
	}
	description.Write(p)
	for _, conflict := range set.Conflicts() {
		p.Line("left out", "%s", conflict)
	}
	for _, note := range set.Notes() {
		p.Line("note", "%s", note)
	}
	return p.Finish(nil)
}

// describedSet is what is described together.
type describedSet struct {
	split, title string // "" where it is no split of a folder
	files        []string
}

// describedTogether returns the splits of folders, and all other paths as one set.
func describedTogether(paths []string) (sets []describedSet, err error) {
	var rest []string
	for _, path := range paths {
		all, err := dataset.Splits(path)
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			title := fmt.Sprintf("%s of %s", s.Name, path)
			if s.Name == "" {
				title = "none, in " + path
			}
			sets = append(sets, describedSet{s.Name, title, s.Files})
		}
		if len(all) == 0 {
			rest = append(rest, path)
		}
	}
	if len(rest) > 0 {
		sets = append(sets, describedSet{files: rest})
	}
	return sets, nil
}
