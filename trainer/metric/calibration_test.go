package metric

import (
	"math"
	"math/rand/v2"
	"testing"
)

// logit is the log-odds of a probability: the logits of two labels are 0 and this.
func logit(p float64) float64 { return math.Log(p / (1 - p)) }

func TestCalibrationError(t *testing.T) {
	for name, c := range map[string]struct {
		probabilities []float64 // of label 1
		labels        []int
		want          float64
	}{
		"nothing":                 {nil, nil, 0},
		"certain and right":       {[]float64{1 - 1e-12, 1 - 1e-12}, []int{1, 1}, 0},
		"certain and wrong":       {[]float64{1 - 1e-12}, []int{0}, 1},
		"two of three at 2/3":     {[]float64{0.66, 0.66, 0.66}, []int{1, 1, 0}, 2./3 - 0.66},
		"bins do not make it up":  {[]float64{0.9, 0.6}, []int{1, 0}, (0.1 + 0.6) / 2},
		"one bin makes it up":     {[]float64{0.61, 0.65}, []int{1, 0}, (1.26 - 1) / 2},
		"the other label is best": {[]float64{0.1, 0.1}, []int{0, 1}, 0.4},
	} {
		var m Calibration
		for i, p := range c.probabilities {
			if err := m.Add([]float64{0, logit(p)}, c.labels[i]); err != nil {
				t.Fatal(err)
			}
		}
		if got := m.Error(1); !(math.Abs(got-c.want) <= 1e-9) {
			t.Errorf("%s: %.9f, want %.9f", name, got, c.want)
		}
	}
}

// A probability at the end of a bin belongs to it: 1/15 intervals are open below and closed above.
func TestCalibrationBins(t *testing.T) {
	var m Calibration
	// 0.6 = 9/15 is in bin 8 and 0.61 in bin 9: their errors do not make each other up.
	m.Add([]float64{0, logit(0.6 - 1e-12)}, 1)
	m.Add([]float64{0, logit(0.61)}, 0)
	if got, want := m.Error(1), (0.4+0.61)/2; !(math.Abs(got-want) <= 1e-9) {
		t.Errorf("%.9f, want %.9f", got, want)
	}
}

func TestCalibrationNLL(t *testing.T) {
	var m Calibration
	m.Add([]float64{math.Log(0.2), math.Log(0.3), math.Log(0.5)}, 1)
	m.Add([]float64{5 + math.Log(0.2), 5 + math.Log(0.3), 5 + math.Log(0.5)}, 2)
	if got, want := m.NLL(1), -(math.Log(0.3)+math.Log(0.5))/2; !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("%.9f, want %.9f", got, want)
	}
	sqrt := math.Sqrt(0.2) + math.Sqrt(0.3) + math.Sqrt(0.5)
	if got, want := m.NLL(2), -(math.Log(math.Sqrt(0.3)/sqrt)+
		math.Log(math.Sqrt(0.5)/sqrt))/2; !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("at temperature 2: %.9f, want %.9f", got, want)
	}
}

// Labels are drawn with the probabilities of logits, which are then made too large, as an overconfident model has them.
func TestFitFindsTheTemperature(t *testing.T) {
	for _, want := range []float64{0.4, 1, 2.5} {
		random := rand.New(rand.NewPCG(1, 2))
		var m Calibration
		for range 20000 {
			logits := []float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
			u, label := random.Float64(), 0
			for sum := 0.0; label < 2; label++ {
				z := math.Exp(logits[0]) + math.Exp(logits[1]) + math.Exp(logits[2])
				if sum += math.Exp(logits[label]) / z; u < sum {
					break
				}
			}
			for i := range logits {
				logits[i] *= want
			}
			m.Add(logits, label)
		}
		got, _ := m.Fit()
		if !(math.Abs(got/want-1) <= 0.03) {
			t.Errorf("temperature %.4f, want about %.4f", got, want)
		}
		if m.Error(got) > 0.01 || m.NLL(got) > m.NLL(1) {
			t.Errorf("temperature %.4f: error %.4f, NLL %.4f, without it %.4f and %.4f", got, m.Error(got), m.NLL(got),
				m.Error(1), m.NLL(1))
		}
		for _, other := range []float64{got * 0.95, got * 1.05} {
			if m.NLL(other) < m.NLL(got) {
				t.Errorf("NLL %.6f at %.4f, but %.6f at %.4f", m.NLL(got), got, m.NLL(other), other)
			}
		}
	}
}

// Few examples that are all right are no reason to be certain: n of them make n+1 in n+2.
func TestFitOfFewExamples(t *testing.T) {
	for _, n := range []int{1, 4, 20} {
		var m Calibration
		for i := range n {
			m.Add([]float64{0, 8 * float64(2*(i%2)-1)}, i%2)
		}
		temperature, _ := m.Fit()
		_, got := top([]float64{0, 8}, temperature)
		if want := float64(n+1) / float64(n+2); !(math.Abs(got-want) <= 1e-6) {
			t.Errorf("%d examples, all right: probability %.6f, want %.6f", n, got, want)
		}
	}
}

func TestFitHasLimits(t *testing.T) {
	var wrong, nothing, flat Calibration
	for range 100 {
		wrong.Add([]float64{0, 5}, 0)
	}
	flat.Add([]float64{3, 3}, 0)
	if got, atBound := wrong.Fit(); got != maxTemperature || !atBound {
		t.Errorf("always wrong: %g, want %d", got, maxTemperature)
	}
	a, _ := nothing.Fit()
	if b, atBound := flat.Fit(); a != 1 || b != 1 || atBound {
		t.Errorf("nothing to fit: %g and %g, want 1", a, b)
	}
	if err := nothing.Add([]float64{0, 1}, 2); err == nil {
		t.Error("a label that is no class: no error")
	}
}
