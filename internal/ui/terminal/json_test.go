package terminal

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"t5train/internal/ui"
	"t5train/trainer/runlog"
)

// Every line is an object with a time and an event, whatever a text or a number is.
func TestJSON(t *testing.T) {
	var out bytes.Buffer
	j := NewJSON(&out, func(message string) string { return strings.ReplaceAll(message, "data.train", "--train") })
	ui.Say(j, "data", "a <b> & \x1b[2J\u009b in data.train\n")
	ui.SayNotes(j, ui.Notef(ui.NoteLabels, "one label"))
	row := runlog.Eval{Kind: runlog.KindEval, Step: 3, Metrics: map[string]float64{"loss": 1.5}}
	ui.Metrics(j, row, "step 3: loss 1.5")
	p := ui.Start(j, "predict", "inputs", -1)
	p.Set(1)
	p.Set(2) // too soon for another line
	p.Stop()
	p.Stop()
	p.Set(3)
	train := ui.StartWork(j, ui.Work{Name: "train", Unit: "steps", Total: 8, Reports: true})
	train.Report(runlog.Train{Kind: runlog.KindTrain, Step: 1, Loss: 2.5})
	train.Report(map[string]float64{"loss": math.NaN()})
	j.Error("it failed")
	if strings.Contains(out.String(), "\x1b") || strings.Contains(out.String(), "\u009b") {
		t.Errorf("%q has what a terminal acts on", out.String())
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		var l map[string]any
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if at, err := time.Parse(time.RFC3339, l["time"].(string)); err != nil || time.Since(at) > time.Minute {
			t.Errorf("%s: time %v, %v", line, at, err)
		}
		delete(l, "time")
		delete(l, "seconds")
		if m, ok := l["metrics"].(map[string]any); ok {
			l["metrics"] = []any{m["kind"], m["step"]}
		}
		text, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(text))
	}
	want := []string{
		`{"event":"note","key":"data","text":"a \u003cb\u003e \u0026 \u001b[2J` + "\u009b" + ` in --train\n"}`,
		`{"detail":true,"event":"note","key":"warning","kind":"labels","text":"one label"}`,
		`{"event":"metrics","metrics":["eval",3],"text":"step 3: loss 1.5"}`,
		`{"done":1,"event":"progress","total":null,"unit":"inputs","work":"predict"}`,
		`{"done":2,"ended":true,"event":"progress","total":null,"unit":"inputs","work":"predict"}`,
		`{"event":"metrics","metrics":["train",1]}`,
		`{"event":"metrics","text":"json: unsupported value: NaN"}`,
		`{"event":"error","text":"it failed"}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
