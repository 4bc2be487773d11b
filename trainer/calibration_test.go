package trainer

import (
	"math"
	"testing"

	"t5train/checkpoints"
	"t5train/internal/testrun"
	"t5train/trainer/evaluate"
	"t5train/trainer/metric"
)

// Training leaves the temperature of its validation data in the checkpoint, and evaluate takes it as predict does.
func TestTrainingCalibrates(t *testing.T) {
	c := testrun.TinyConfig(t)
	result := finetune(t, c, Options{})
	b, _, err := checkpoints.Open(result.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	m := b.Info.Metrics
	if b.Info.Temperature != m["temperature"] || !(b.Info.Temperature > 0) || b.Info.Temperature == 1 {
		t.Fatalf("temperature %g, of the metrics %g", b.Info.Temperature, m["temperature"])
	}
	evaluate := func(b *checkpoints.Folder) map[string]float64 {
		e, err := evaluate.Evaluate(t.Context(), b, evaluate.Options{
			Data: c.Data.Validation, MaxExamples: c.Data.MaxValidationExamples, BatchSize: 8, Threads: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		return metric.Map(e.Values)
	}
	with := evaluate(b)
	b.Info.Temperature = 0
	without := evaluate(b)
	if !(math.Abs(with["calibrated_ece"]-m["calibrated_ece"]) <= 1e-5) ||
		!(math.Abs(without["ece"]-m["ece"]) <= 1e-5) ||
		with["ece"] != without["ece"] ||
		!(with["calibrated_ece"] < with["ece"]) || without["calibrated_ece"] != 0 ||
		with["accuracy"] != without["accuracy"] {
		t.Errorf("evaluated with the temperature %v and without %v, in training %v", with, without, m)
	}
}
