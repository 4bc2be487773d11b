package optim

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestStateNamesAndShapes(t *testing.T) {
	params := []Param{
		{Name: "norm", Shape: []int{4}, Value: make([]float32, 4)},
		{Name: "experts", Shape: []int{2, 3, 5}, Value: make([]float32, 30)},
	}
	adafactor := transformersAdafactor()
	adafactor.Beta1 = 0.9
	tests := []struct {
		name      string
		optimizer Optimizer
		want      string
	}{
		{"adafactor", must(NewAdafactor(adafactor, params, serial())),
			"step[2] norm/exp_avg_sq[4] norm/exp_avg[4] experts/exp_avg_sq_row[2 3] experts/exp_avg_sq_col[2 5] " +
				"experts/exp_avg[2 3 5]"},
		{"adamw", must(NewAdamW(DefaultAdamW(), params, serial())),
			"step[2] norm/exp_avg[4] norm/exp_avg_sq[4] experts/exp_avg[2 3 5] experts/exp_avg_sq[2 3 5]"},
		{"sgd", must(NewSGD(DefaultSGD(), params, serial())),
			"step[2] norm/momentum_buffer[4] experts/momentum_buffer[2 3 5]"},
		{"sgd without momentum", must(NewSGD(SGDOptions{}, params, serial())), "step[2]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, s := range test.optimizer.State() {
				got = append(got, fmt.Sprint(s.Name, s.Shape))
				if len(s.Data) != elements(s.Shape) {
					t.Errorf("%s has %d values, want shape %v", s.Name, len(s.Data), s.Shape)
				}
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("state is\n%s, want\n%s", got, test.want)
			}
		})
	}
}

func TestLoadRefusesAndChangesNothing(t *testing.T) {
	tests := []struct {
		name   string
		change func([]StateTensor) []StateTensor
		want   string
	}{
		{"a missing tensor", func(s []StateTensor) []StateTensor { return s[:2] }, `no tensor "w/exp_avg_sq"`},
		{"an unknown tensor", func(s []StateTensor) []StateTensor { return append(s, StateTensor{Name: "v/exp_avg"}) },
			`"v/exp_avg" is unknown`},
		{"a tensor twice", func(s []StateTensor) []StateTensor { return append(s, s[1]) },
			`"w/exp_avg" is given twice`},
		{"another shape", func(s []StateTensor) []StateTensor { s[1].Shape = []int{3, 2}; return s },
			"has shape [3 2] and 6 values, want shape [2 3]"},
		{"fewer values", func(s []StateTensor) []StateTensor { s[1].Data = s[1].Data[1:]; return s },
			"has shape [2 3] and 5 values"},
		{"a broken counter", func(s []StateTensor) []StateTensor { s[0].Data = []float32{0.5, 0}; return s },
			"want two integers"},
		{"a counter that is no number", func(s []StateTensor) []StateTensor {
			s[0].Data = []float32{0,
				float32(math.NaN())}
			return s
		}, "want two integers"},
	}
	params := []Param{{Name: "w", Shape: []int{2, 3}, Value: make([]float32, 6), Grad: []float32{1, 2, 3, 4, 5, 6}}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			saved := must(NewAdamW(DefaultAdamW(), params, serial()))
			if err := saved.Step(1, params); err != nil {
				t.Fatal(err)
			}
			o := must(NewAdamW(DefaultAdamW(), params, serial()))
			err := o.Load(test.change(saved.State()))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
			for _, s := range o.State() {
				if slices.ContainsFunc(s.Data, func(v float32) bool { return v != 0 }) {
					t.Errorf("%s changed to %v", s.Name, s.Data)
				}
			}
		})
	}
}

func TestStepCounterIsExact(t *testing.T) {
	for _, step := range []int64{0, 1, stepDigit - 1, stepDigit, stepDigit + 1, 1<<40 + 12345, 1<<48 - 1} {
		if got, err := decodeStep(encodeStep(step)); err != nil || got != step {
			t.Errorf("step %d came back as %d, %v", step, got, err)
		}
	}
}
