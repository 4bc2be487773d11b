package trainer

import (
	"path/filepath"
	"testing"

	"t5train/checkpoints"
	"t5train/data/task"
	"t5train/internal/testrun"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
	"t5train/trainer/runlog"
)

// Training finds how probable it is that a text is right, the checkpoint keeps it, and predict marks by it; the record
// of the evaluation has the curve.
func TestConfidence(t *testing.T) {
	var rows []struct {
		Text   string `parquet:"text"`
		Target string `parquet:"target"`
	}
	for i := range 40 { // every fourth answer cannot be known
		row := struct {
			Text   string `parquet:"text"`
			Target string `parquet:"target"`
		}{"win", "spam"}
		switch {
		case i%4 == 3:
			row.Text, row.Target = "maybe", []string{"spam", "ham"}[i/4%2]
		case i%2 == 0:
			row.Text, row.Target = "home", "ham"
		}
		rows = append(rows, row)
	}
	c := testrun.TinyConfig(t)
	c.Data.Train = []string{testrun.ParquetOf(t, rows)}
	c.Data.Validation = c.Data.Train
	c.Task = task.Spec{Name: task.Seq2Seq, TextColumns: []string{"text"}, TargetColumn: "target"}
	c.Data.MaxTrainExamples, c.Data.MaxValidationExamples = 0, 0
	c.Train.Epochs, c.Optimizer.LearningRate, c.Model.DropoutRate = 60, new(0.02), new(0.0)
	r := finetune(t, c, Options{})
	slope, bias := r.Metrics["confidence_slope"], r.Metrics["confidence_bias"]
	if !(slope > 0) {
		t.Fatalf("no confidence among %v", r.Metrics)
	}
	run, err := runlog.Read[runlog.Evaluation](filepath.Join(c.Output, runlog.BestName))
	if err != nil {
		t.Fatal(err)
	}
	curve := run.Coverage
	if len(curve) < 2 || curve[0].Accuracy <= curve[len(curve)-1].Accuracy || curve[len(curve)-1].Share != 1 {
		t.Errorf("the curve is %v", curve)
	}
	b, _, err := checkpoints.Open(r.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	p := predict.NewPredictor(b, *b.Info.Task, kernel.NewWorkers(1), predict.PredictorOptions{MinConfidence: 0.8})
	var inputs []inputfile.Input
	for _, text := range []string{"win", "maybe"} {
		in, err := inputfile.FromText(*b.Info.Task, text)
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, in)
	}
	answers, err := p.Predict(t.Context(), 0, inputs, generate.Options{}, new(predict.Cuts))
	if err != nil {
		t.Fatal(err)
	}
	for i, unsure := range []bool{false, true} {
		a := answers[i]
		if a.Unsure != unsure || a.Confidence == nil || unsure != (*a.Confidence < 0.8) || !(*a.Confidence > 0) {
			t.Errorf("%s is answered with %+v, slope %g and bias %g", a.Input, a, slope, bias)
		}
	}
}
