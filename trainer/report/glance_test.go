package report

import (
	"path/filepath"
	"strings"
	"testing"

	"t5train/trainer/runlog"
)

// Whether a model is worth using shows beside the best constant answer.
func TestJudgment(t *testing.T) {
	at := func(v float64) *float64 { return &v }
	for name, c := range map[string]struct {
		run            Run
		constant       *float64
		judgment, says string
	}{
		"running":       {Run{State: Running}, nil, Unknown, "not been evaluated yet"},
		"not evaluated": {Run{State: Finished}, nil, Unknown, "was not evaluated"},
		"loss":          {Run{Metric: "loss", Best: at(2)}, nil, Unknown, "Smaller values of loss are better"},
		"no constant":   {Run{Metric: "accuracy", Best: at(0.5)}, nil, Unknown, "no constant answer"},
		"good":          {Run{Metric: "f1_macro", Best: at(0.96)}, at(0.46), Good, "93 % of the way"},
		"weak":          {Run{Metric: "sst2/accuracy", Best: at(0.6)}, at(0.5), Weak, "20 % of the way"},
		"percent":       {Run{Metric: "bleu", Best: at(60)}, at(0), Good, "60 % of the way"},
		"equal":         {Run{Metric: "accuracy", Best: at(0.5)}, at(0.5), Poor, "as good"},
		"worse":         {Run{Metric: "accuracy", Best: at(0.2)}, at(0.5), Poor, "as good"},
		"all the same":  {Run{Metric: "accuracy", Best: at(1)}, at(1), Unknown, "right for all examples"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.constant != nil {
				c.run.Evaluation = map[string]*runlog.Evaluation{"best": {Constants: []runlog.Constant{{Answer: "a",
					Values: map[string]float64{c.run.Metric: *c.constant}}}}}
			}
			g := c.run.glance()
			if g.Judgment != c.judgment || !strings.Contains(g.Verdict, c.says) {
				t.Errorf("%q, %s; want %q, %s", g.Judgment, g.Verdict, c.judgment, c.says)
			}
		})
	}
}

func TestFacts(t *testing.T) {
	run := Read(writeRun(t, filepath.Join(t.TempDir(), "run")))
	page := NewPage([]*Run{run}, Options{Next: func(r *Run) []string { return []string{"use " + r.Name} }})
	g := page.Runs[0].Glance
	var facts []string
	for _, f := range g.Facts {
		facts = append(facts, f[0]+": "+f[1])
	}
	want := "task: classification | model: small, 1,234 parameters, new weights | " +
		"trained on: a.parquet, b.parquet, 2 examples | finished: 3 of 3 steps, 1.5 epochs, 30s of training"
	if got := strings.Join(facts, " | "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if len(g.Next) != 1 || g.Next[0] != "use run" {
		t.Errorf("next %q", g.Next)
	}
}
