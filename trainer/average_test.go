package trainer

import (
	"math"
	"path/filepath"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/internal/testrun"
	"t5train/trainer/evaluate"
	"t5train/trainer/metric"
)

// The model of each checkpoint is the average of the weights so far, by its formula, and its metrics are those of the
// average.
func TestCheckpointsHaveTheAverage(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Train.EMA, c.Eval.EverySteps, c.Checkpoint.KeepLast = 0.6, 1, 100
	initial := filepath.Join(t.TempDir(), "initial")
	result := finetune(t, c, Options{Initial: initial})
	start, _, err := checkpoints.Open(initial)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]float64{}
	for _, p := range start.Model.Params {
		for _, v := range p.Value {
			want[p.Name] = append(want[p.Name], float64(v))
		}
	}
	run, err := checkpoints.OpenRun(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	differ := 0
	for n := 1; n <= result.Step; n++ {
		b, err := checkpoints.LoadModel(run.Dir(n))
		if err != nil {
			t.Fatal(err)
		}
		file, err := safetensors.Open(filepath.Join(run.Dir(n), optimizerName))
		if err != nil {
			t.Fatal(err)
		}
		d := math.Min(0.6, float64(1+n)/float64(10+n))
		for _, p := range b.Params {
			tensor, _ := file.Tensor(p.Name + "/weight")
			weights, err := tensor.Float32()
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range p.Value {
				w := &want[p.Name][i]
				*w = d**w + (1-d)*float64(weights[i])
				if math.Abs(float64(v)-*w) > 1e-6 {
					t.Fatalf("step %d: %s[%d] is %g, want %g", n, p.Name, i, v, *w)
				}
				if v != weights[i] {
					differ++
				}
			}
		}
		file.Close()
	}
	if differ == 0 {
		t.Error("no weight differs from its average")
	}
	best, _, err := checkpoints.Open(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	e, err := evaluate.Evaluate(t.Context(), best, evaluate.Options{
		Data: c.Data.Validation, MaxExamples: 20, BatchSize: c.Eval.BatchSize})
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range metric.Map(e.Values) {
		if want := best.Info.Metrics[name]; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s of the best checkpoint is %g, but the run says %g", name, got, want)
		}
	}
}
