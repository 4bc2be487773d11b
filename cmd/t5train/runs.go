package main

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"t5train/internal/ui"
	"t5train/internal/visible"
	"t5train/trainer/predict"
	"t5train/trainer/report"
)

// runLine is a run as runs --json prints it.
type runLine struct {
	Run        string    `json:"run"` // its folder
	Task       string    `json:"task"`
	Model      string    `json:"model"`
	Parameters int64     `json:"parameters"` // 0 where that is not known
	State      string    `json:"state"`
	Step       int       `json:"step"`
	Steps      int       `json:"steps"` // of the whole run, 0 where that is not known
	Metric     string    `json:"metric"`
	Best       *float64  `json:"best"` // null without an evaluation
	BestStep   int       `json:"best_step"`
	Updated    time.Time `json:"updated"`

	Constant *float64  `json:"constant"` // value of Metric of a constant answer; null where that is not known
	Notes    []ui.Note `json:"notes"`
}

func runsCommand(a app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "runs [FOLDER]",
		Short: "List runs with their state and their best metric",
		Long: `List the runs in a folder (default: runs), at any depth: task, model, steps, state and the best value of the metric that
decides. A run is running, finished, or stopped; a stopped one goes on with the command that began it.`,
		Example: `  t5train runs
  t5train runs experiments --json`,
		RunE: func(c *cobra.Command, args []string) error {
			folder := "runs"
			if len(args) > 1 {
				return usageError{fmt.Errorf("got %d folders, want one", len(args)), c.CommandPath()}
			}
			if len(args) == 1 {
				folder = args[0]
			}
			runs, err := report.Open(folder)
			if err != nil {
				return err
			}
			if asJSON {
				lines := predict.JSONLines(a.stdout)
				for _, r := range runs {
					if err := lines.Encode(runLine{r.Path, r.Task, r.Model, r.Record.Parameters, r.State, r.Step, r.Steps, r.Metric, r.Best, r.BestAt, r.Updated, r.Constant(), r.Findings}); err != nil {
						return err
					}
				}
			} else if err := printRuns(a, runs); err != nil {
				return err
			}
			sayNotes(a, runs)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a line for each run")
	return c
}

func printRuns(a app, runs []*report.Run) error {
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tTASK\tMODEL\tSTATE\tSTEPS\tBEST\tLAST STEP")
	for _, r := range runs {
		steps := strconv.Itoa(r.Step)
		if r.Steps > 0 {
			steps += "/" + strconv.Itoa(r.Steps)
		}
		best := "-"
		if r.Best != nil {
			best = fmt.Sprintf("%s %.4f at %d", r.Metric, *r.Best, r.BestAt)
		}
		updated := "-"
		if !r.Updated.IsZero() {
			updated = r.Updated.Local().Format("2006-01-02 15:04")
		}
		cells := []string{r.Path, orDash(r.Task), orDash(r.Model), r.State, steps, best, updated}
		for i := range cells {
			cells[i] = visible.Line(cells[i])
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	return t.Flush()
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
