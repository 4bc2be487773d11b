package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"t5train/data/dataset"
	"t5train/data/inspect"
	"t5train/data/parquetio"
	"t5train/internal/clip"
	"t5train/internal/ui"
	"t5train/trainer/predict"
)

func dataInspectCommand(a app) *cobra.Command {
	var f surveyFlags
	var columns []string
	var examples int
	c := &cobra.Command{
		Use:   "inspect FILES...",
		Short: "Describe a data set: columns, examples, labels, lengths of texts",
		Long: `Describe parquet files, folders or globs as one data set, or each split of folders that have splits by itself: columns with their class names, some rows, how often each label
is there, and how long texts are in tokens, with the part that the length limits of training would cut.

Columns are measured by themselves; what a task puts in front of a text, or between two, comes on top.`,
		Example: `  t5train data inspect train.parquet
  t5train data inspect 'reviews/train-*.parquet' --column text --max-input-length 256
  t5train data inspect reviews --tokenizer flan-t5-small --json`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("no file: name parquet files or folders"), c.CommandPath()}
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
				d, err := describeFiles(c.Context(), a, s.files, f.roles, columns, inspect.DescribeOptions{Measure: measure, Examples: examples})
				if err != nil {
					return err
				}
				d.Split = s.split
				if f.json {
					err = predict.JSONLines(a.stdout).Encode(d)
				} else {
					p := newPrinter(a)
					p.part(i, s.title)
					p.description(d)
					err = p.finish(nil)
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
		all, err := parquetio.Splits(argument)
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
func (p printer) part(index int, title string) {
	if index > 0 {
		fmt.Fprintln(p.out)
	}
	if title != "" {
		p.line("split", "%s", title)
	}
}

// describeFiles reads the files of a part.
func describeFiles(ctx context.Context, a app, files []string, roles inspect.Roles, columns []string, o inspect.DescribeOptions) (*inspect.Description, error) {
	set, err := parquetio.Open(files...)
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
	phases := ui.NewPhases(a.console())
	defer phases.Stop()
	o.Progress = func(done, total int64) { phases.Progress("inspect", "rows", done, total) }
	return inspect.Describe(ctx, set, o)
}

func (p printer) description(d *inspect.Description) {
	var bytes int64
	groups := 0
	for _, s := range d.Shards {
		bytes += s.Bytes
		groups += s.RowGroups
	}
	p.line("rows", "%d in %d files, %d row groups, %s", d.Rows, len(d.Shards), groups, bytesText(bytes))
	for _, c := range d.Columns {
		kind := c.Type
		if c.Nullable {
			kind += ", may be null"
		}
		if c.Classes != nil {
			kind += fmt.Sprintf(", ClassLabel of %d: %s", len(c.Classes), shorten(c.Classes, 10))
		}
		p.line("column", "%s: %s", c.Name, kind)
		if c.Unread != "" {
			p.line("  not read", "%s", c.Unread)
		}
	}
	for _, e := range d.Examples {
		fmt.Fprintf(p.out, "\n%v\n", e.Place)
		for _, v := range e.Values {
			value := string(v.Value)
			if v.Class != "" {
				value += " (" + v.Class + ")"
			}
			fmt.Fprintf(p.out, "  %s: %s\n", v.Column, clip.Text(value, 200))
		}
	}
	for _, b := range d.Labels {
		p.balance(b)
	}
	for _, l := range d.Lengths {
		p.lengths(l)
	}
}

// mostClasses is the number of classes that text shows; JSON has all.
const mostClasses = 30

func (p printer) balance(b inspect.Balance) {
	total := int64(0)
	for _, c := range b.Classes {
		total += c.Count
	}
	fmt.Fprintf(p.out, "\nlabels of column %s: %d", b.Column, total)
	if b.Nulls > 0 {
		fmt.Fprintf(p.out, ", null: %d", b.Nulls)
	}
	if b.Strange > 0 {
		fmt.Fprintf(p.out, ", of no class: %d", b.Strange)
	}
	fmt.Fprintln(p.out)
	shown := b.Classes[:min(mostClasses, len(b.Classes))]
	bars := bars{out: p.out}
	for _, c := range shown {
		bars.add(clip.Text(c.Name, 40), c.Count, total)
	}
	bars.draw()
	if more := len(b.Classes) - len(shown); more > 0 || b.TooMany {
		fmt.Fprintf(p.out, "  ... %d more%s\n", more, map[bool]string{true: ", and those that were not counted"}[b.TooMany])
	}
}

func (p printer) lengths(l inspect.Lengths) {
	fmt.Fprintf(p.out, "\ntokens of column %s: %d in %d texts", l.Column, l.Tokens, l.Texts)
	if l.Nulls > 0 {
		fmt.Fprintf(p.out, ", null: %d", l.Nulls)
	}
	if l.Blank > 0 {
		fmt.Fprintf(p.out, ", empty: %d", l.Blank)
	}
	fmt.Fprintln(p.out)
	if l.Texts == 0 {
		return
	}
	var percentiles []string
	for _, q := range l.Percent {
		percentiles = append(percentiles, fmt.Sprintf("%d %%: %d", q.Percent, q.Tokens))
	}
	fmt.Fprintf(p.out, "  mean %.1f, percentiles %s\n", l.Mean, strings.Join(percentiles, ", "))
	bars := bars{out: p.out}
	for _, b := range l.Histogram {
		bars.add(fmt.Sprintf("%d-%d", b.From, b.To), b.Texts, l.Texts)
	}
	bars.draw()
	fmt.Fprintf(p.out, "  longer than %d tokens: %d texts (%.2f %%); %.2f %% of the tokens would be cut\n", l.Limit, l.Cut, percent(l.Cut, l.Texts), 100*(1-l.Kept))
	if l.Unknown > 0 {
		fmt.Fprintf(p.out, "  with characters that the vocabulary lacks: %d texts (%.2f %%)\n", l.Unknown, percent(l.Unknown, l.Texts))
	}
}

func percent(part, whole int64) float64 { return 100 * float64(part) / float64(max(whole, 1)) }

// bars are lines with a name, a count, its part of all and a bar.
type bars struct {
	out   *bufio.Writer
	lines []bar
}

type bar struct {
	name         string
	count, whole int64
}

func (b *bars) add(name string, count, whole int64) {
	b.lines = append(b.lines, bar{name, count, whole})
}

// draw writes the lines; the longest bar has 40 characters, and what is not 0 has one at least.
func (b *bars) draw() {
	const longest = 40
	names, counts, most := 0, 0, int64(1)
	for _, l := range b.lines {
		names, counts, most = max(names, len([]rune(l.name))), max(counts, len(fmt.Sprint(l.count))), max(most, l.count)
	}
	for _, l := range b.lines {
		length := (int(l.count)*longest + int(most) - 1) / int(most)
		line := fmt.Sprintf("  %-*s  %*d  %5.1f %%  %s", names, l.name, counts, l.count, percent(l.count, l.whole), strings.Repeat("#", length))
		fmt.Fprintln(b.out, strings.TrimRight(line, " "))
	}
}
