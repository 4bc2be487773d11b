package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"t5train/data/dataset"
	"t5train/data/inspect"
	"t5train/data/parquetio"
	"t5train/internal/splits"
)

// splitFiles are the files of the splits of a data set.
type splitFiles struct{ train, validation, test []string }

func (s *splitFiles) add(c *cobra.Command) {
	f := c.Flags()
	f.StringSliceVar(&s.train, "train", nil, "parquet files: paths, folders or globs")
	f.StringSliceVar(&s.validation, "validation", nil, "parquet files that choose the best checkpoint")
	f.StringSliceVar(&s.test, "test", nil, "parquet files that nothing is chosen by")
}

func addMinShared(c *cobra.Command, n *int) {
	c.Flags().IntVar(n, "min-shared-length", 1, "characters from which a text may not be in two splits")
}

// namedFiles are the files that a flag names.
type namedFiles struct {
	name  string
	files []string
}

func (s *splitFiles) each() []namedFiles {
	return []namedFiles{{splits.Train, s.train}, {splits.Validation, s.validation}, {splits.Test, s.test}}
}

// open returns the splits that there are, and the number of their rows.
func (s *splitFiles) open(a app) (sets []inspect.Split, rows int64, err error) {
	for _, named := range s.each() {
		if len(named.files) == 0 {
			continue
		}
		set, err := parquetio.OpenSplit([]string{named.name}, named.files...)
		if err != nil {
			return nil, 0, err
		}
		dataset.SayLeftOut(a.console(), set)
		sets = append(sets, inspect.Split{Name: named.name, Set: set})
		rows += set.Rows()
	}
	return sets, rows, nil
}

// cleanCommand returns the command line that drops what a check finds in the files.
func (s *splitFiles) cleanCommand(r inspect.Roles, minShared int) string {
	line := "t5train data clean"
	for _, named := range append(s.each(), namedFiles{"text-column", r.Texts}, namedFiles{"target-column", r.Targets}, namedFiles{"label-column", r.Labels}) {
		if len(named.files) > 0 {
			line += fmt.Sprintf(" --%s %s", named.name, shellQuoted(strings.Join(named.files, ",")))
		}
	}
	if minShared > 1 {
		line += fmt.Sprintf(" --min-shared-length %d", minShared)
	}
	return line + " --output FOLDER"
}

var shellSafe = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// shellQuoted returns an argument as a shell reads it.
func shellQuoted(text string) string {
	if shellSafe.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
