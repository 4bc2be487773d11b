package terminal

import (
	"strings"
	"testing"

	"t5train/internal/ui"
)

// Of what a command tells, a quiet sink leaves the warnings.
func TestQuiet(t *testing.T) {
	var out strings.Builder
	s := Quiet(Plain(&out))
	ui.Say(s, "data", "train.parquet")
	ui.SayNotes(s, ui.Notef(ui.NoteLabels, "one label"))
	ui.Metrics(s, map[string]float64{"loss": 1}, "step 3: loss 1")
	p := ui.Start(s, "predict", "inputs", 1)
	p.Set(1)
	p.Report(map[string]float64{"loss": 1})
	p.Stop()
	if want := "warning: one label\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
