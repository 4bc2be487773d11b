package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"t5train/internal/ui"
	"t5train/internal/visible"
)

// Summary is a run in a list of runs.
type Summary struct {
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

// Summary returns a run as a list has it.
func (r *Run) Summary() Summary {
	return Summary{r.Path, r.Task, r.Model, r.Record.Parameters, r.State, r.Step, r.Steps, r.Metric, r.Best, r.BestAt,
		r.Updated, r.Constant(), r.Findings}
}

// WriteTable writes a list of runs for a person.
func WriteTable(w io.Writer, runs []*Run) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
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
