package next

import (
	"strings"
	"testing"

	"t5train/internal/ui"
	"t5train/trainer/report"
)

func TestCommandsWithoutCheckpoint(t *testing.T) {
	pretrained := []report.Setting{{Key: "objective.name", Value: "span_corruption"}}
	for name, c := range map[string]struct {
		run  report.Run
		want string
	}{
		"running": {report.Run{Path: "a b", State: report.Running}, "t5train report 'a b' --watch"},
		"stopped": {report.Run{Path: "a", State: report.Stopped}, "t5train finetune --config a/config.yaml"},
		"stopped pretraining": {report.Run{Path: "a", State: report.Stopped, Config: pretrained},
			"t5train pretrain --config a/config.yaml"},
		"still better": {report.Run{Path: "a", State: report.Finished, Findings: ui.Notef(ui.NoteImproving, "it is")},
			"t5train finetune --config a/config.yaml --extend"},
		"finished, removed": {report.Run{Path: "a", State: report.Finished}, ""},
	} {
		if got := strings.Join(Commands(&c.run), "; "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestQuoted(t *testing.T) {
	for text, want := range map[string]string{"runs/a-1": "runs/a-1", "a b": "'a b'", "it's": `'it'\''s'`, "": "''"} {
		if got := Quoted(text); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
