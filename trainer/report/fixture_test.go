package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/trainer/runlog"
)

// hostile is a text that ends scripts, tags and attributes where it is not escaped.
const hostile = "</script><img src=x onerror=\"alert('1')\">&\u2028<!--"

// writeRun makes the folder of a run: of 3 steps, evaluated twice, finished.
func writeRun(t testing.TB, dir string) string {
	t.Helper()
	write(t, dir, runlog.ConfigName,
		"output: x\nmodel:\n  size: small # how large\ndata:\n  train: [a.parquet, b.parquet]\n  mixture:\n    - "+
			"{name: books, rate: 3}\ntask:\n  name: classification\neval:\n  metric: accuracy\ntrain:\n  steps: 3\n")
	write(t, dir, runlog.HistoryName, history(1, 2, 3))
	write(t, dir, "checkpoints/checkpoint-00000003/config.json", "{}")
	write(t, dir, "checkpoints/checkpoint-00000003/trainer/state.json",
		`{"step":3,"best":0.75,"best_step":2,"finished":true,"loss_sum":0}`)
	probability := 0.75
	e := runlog.Evaluation{Step: 2, Epoch: 1, Worst: []runlog.Example{{Index: 7, Loss: 2, Input: hostile, Target: "ham",
		Prediction: hostile, Probability: &probability}}}
	e.Confuse([]string{"ham", hostile}, [][]int{{3, 1, 0}, {0, 2, 0}})
	for _, name := range []string{runlog.BestName, runlog.LatestName} {
		if err := runlog.Write(filepath.Join(dir, name), e); err != nil {
			t.Fatal(err)
		}
	}
	run := runlog.Run{Parameters: 1234, Steps: 3, Lengths: map[string]runlog.Lengths{"train": {Examples: 2, Sampled: 2,
		Inputs: runlog.Histogram{Width: 1, Counts: []int{0, 2}, Max: 1}}}}
	run.Begin(nil, runlog.Session{Environment: runlog.Environment{Processor: hostile, Threads: 2}})
	if err := runlog.Write(filepath.Join(dir, runlog.RunName), run); err != nil {
		t.Fatal(err)
	}
	return dir
}

// history returns the lines of steps, with an evaluation after each but the first.
func history(steps ...int) string {
	var b strings.Builder
	for i, step := range steps {
		fmt.Fprintf(&b, `{"kind":"train","step":%d,"epoch":%g,"loss":%g,"learning_rate":0.001,"grad_norm":1,"tokens_per_second":1000,"fma_peak_share":0.5,"seconds":%d}`+"\n", step, float64(step)/2, 3/float64(step), 10*step)
		if i > 0 {
			fmt.Fprintf(&b, `{"kind":"eval","step":%d,"epoch":%g,"metrics":{"accuracy":%g,"loss":0.5,"examples":9}}`+
				"\n", step,
				float64(step)/2, 0.25*float64(step+1))
		}
	}
	return b.String()
}

func write(t testing.TB, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
