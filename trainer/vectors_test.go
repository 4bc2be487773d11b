package trainer

import (
	"strings"
	"testing"

	"t5train/configs"
	"t5train/data/task"
	"t5train/internal/testrun"
	"t5train/trainer/optim"
)

// described is a text with its vector.
type described struct {
	Text   string    `parquet:"text"`
	Vector []float32 `parquet:"vector,list"`
}

// sentences is a component of texts whose vectors tell what they begin with.
func sentences(t *testing.T, width int) configs.Component {
	rows := make([]described, 40)
	for i := range rows {
		rows[i] = described{"see you at " + string(rune('a'+i%26)), make([]float32, width)}
		if i%2 == 0 {
			rows[i].Text = "win a prize " + string(rune('a'+i%26))
		}
		rows[i].Vector[i%2] = 2
	}
	return configs.Component{Name: "sentences", Train: []string{testrun.ParquetOf(t, rows)}, VectorColumn: "vector",
		Task: task.Spec{TextColumns: []string{"text"}}}
}

func TestPretrain_Vectors(t *testing.T) {
	c := tinyPretraining(t)
	c.Data.Train, c.Data.Mixture = nil, []configs.Component{sentences(t, 4)}
	c.Data.Validation, c.Data.MaxTrainExamples = nil, 0
	c.Train.Steps, c.Train.BatchSize, c.Eval.EverySteps = 80, 8, 0
	c.Optimizer = optim.Spec{Name: "adamw", LearningRate: new(0.01)}
	c.Schedule = configs.Schedule{Name: "constant"}
	pretrain(t, c, nil)
	losses := testrun.TrainLosses(t, c.Output)
	// The vectors weigh 2 x 24 to a few tokens of ln 40: a model that learns them has a small part of the loss left.
	if first, last := losses[0], losses[len(losses)-1]; first < 5 || last > first/3 {
		t.Errorf("the loss falls from %g to %g, want from above 5 to less than a third", first, last)
	}
}

func TestPretrain_VectorRefusals(t *testing.T) {
	ragged := testrun.ParquetOf(t, []described{{"a", []float32{1, 2}}, {"b", []float32{1}}})
	unsaid := testrun.ParquetOf(t, []described{{"a", []float32{1, 2}}, {"", []float32{1, 2}}})
	for _, c := range []struct {
		name   string
		change func(p *configs.Component)
		want   string
	}{
		{"too wide", func(p *configs.Component) { *p = sentences(t, 9) },
			"9 numbers a row, want at most model.d_model, 8"},
		{"no column", func(p *configs.Component) { p.VectorColumn = "meaning" }, "meaning"},
		{"texts", func(p *configs.Component) { p.VectorColumn = "text" }, "want a list of numbers"},
		{"of two lengths", func(p *configs.Component) { p.Train = []string{ragged} },
			"row 1 (the first is 0): column vector holds 1 numbers, want 2"},
		{"without text", func(p *configs.Component) { p.Train = []string{unsaid} }, "1 of 2 rows have no text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := tinyPretraining(t)
			p := sentences(t, 4)
			c.change(&p)
			config.Data.Train, config.Data.Mixture = nil, []configs.Component{p}
			if _, err := Pretrain(t.Context(), config, silent()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
