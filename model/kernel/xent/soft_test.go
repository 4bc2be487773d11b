package xent

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"t5train/model/kernel"
)

// identity is a lm_head [n, n] that makes the hidden states the logits.
func identity(n int) []float32 {
	head := make([]float32, n*n)
	for i := range n {
		head[i*n+i] = 1
	}
	return head
}

// The numbers are those of PyTorch 2: with w = 0.75 and T = 2,
//
//	loss = (1-w)*F.cross_entropy(x, y, reduction="sum") +
//	    w*T*T*F.kl_div(F.log_softmax(x/T, -1), F.softmax(t/T, -1), reduction="sum")
//	loss.backward()
func TestSoftAsPyTorch(t *testing.T) {
	x := []float32{0.5, -1, 2, 0.25, 1.5, 0, -0.5, 3}
	teacher := []float64{1, 0, 3, -2, 0, 0.5, 1, 2.5}
	want := []float32{0.04416990, -0.03299578, -0.26362738, 0.25245339,
		-0.03021364, -0.07086302, -0.18792215, 0.28899884}
	soft := softmaxed(teacher, 4, 4, 2)
	soft.Weight = 0.75
	for _, isa := range kernel.ISAs() {
		c := CrossEntropy{Vocab: 4, Dim: 4, Scale: 1, Soft: soft}
		grad := make([]float32, 8)
		got := c.Forward(kernel.NewWorkersOn(isa, 1), x, []int32{2, 0}, identity(4), grad, nil, false, 1)
		if !near(float32(got.Loss), 1.1653872728347778, 1e-6) || !near(float32(got.NLL), 2.1340363025665283, 1e-6) {
			t.Errorf("%s: loss %v and log-likelihood %v", isa, got.Loss, got.NLL)
		}
		if e := relativeError(grad, want); !(e < 1e-6) {
			t.Errorf("%s: gradient %v, want %v", isa, grad, want)
		}
	}
}

// softmaxed returns the k largest probabilities of logits [labels, vocab] at a temperature.
func softmaxed(logits []float64, vocab, k int, temperature float64) *Soft {
	s := &Soft{K: k, Temperature: float32(temperature)}
	for row := range slices.Chunk(logits, vocab) {
		order := make([]int32, vocab)
		var z float64
		for i, v := range row {
			order[i] = int32(i)
			z += math.Exp(v / temperature)
		}
		slices.SortFunc(order, func(a, b int32) int {
			if row[a] > row[b] {
				return -1
			}
			return 1
		})
		rest := 1.0
		for _, id := range order[:k] {
			p := math.Exp(row[id]/temperature) / z
			s.IDs, s.Probabilities = append(s.IDs, id), append(s.Probabilities, float32(p))
			rest -= p
		}
		s.Probabilities = append(s.Probabilities, float32(max(0, rest)))
	}
	return s
}

// The divergence is that of the formula in float64, and its gradient what the formula's differences are.
func TestSoftFormula(t *testing.T) {
	const vocab, k, temperature = 50, 6, 1.7
	r := rand.New(rand.NewPCG(1, 2))
	for scale := range 4 {
		x, teacher := make([]float32, vocab), make([]float64, vocab)
		for i := range x {
			x[i], teacher[i] = float32(r.NormFloat64()*float64(4*scale)), r.NormFloat64()*3
		}
		soft := softmaxed(teacher, vocab, k, temperature)
		formula := func(x []float64) float64 {
			var z, top, kl float64
			for _, v := range x {
				z += math.Exp(v / temperature)
			}
			for i, id := range soft.IDs {
				q, p := math.Exp(x[id]/temperature)/z, float64(soft.Probabilities[i])
				kl += p * math.Log(p/q)
				top += q
			}
			p := float64(soft.Probabilities[k])
			return temperature * temperature * (kl + p*math.Log(p/(1-top)))
		}
		exact := make([]float64, vocab)
		for i, v := range x {
			exact[i] = float64(v)
		}
		for _, isa := range kernel.ISAs() {
			grad, want := make([]float32, vocab), make([]float32, vocab)
			got := soft.row(kernel.NewWorkersOn(isa, 1).LogitLoops(), x, grad, 0, 0.5)
			if !near(float32(got), float32(formula(exact)), 2e-5) {
				t.Errorf("%s: divergence %v, want %v", isa, got, formula(exact))
			}
			for i := range want {
				const h = 1e-5
				up, down := slices.Clone(exact), slices.Clone(exact)
				up[i], down[i] = up[i]+h, down[i]-h
				want[i] = float32(0.5 * (formula(up) - formula(down)) / (2 * h))
			}
			if e := relativeError(grad, want); !(e < 1e-4) {
				t.Errorf("%s: the gradient differs by %g", isa, e)
			}
		}
	}
}

// A student that is as good as certain has a rest that no float32 next to 1 holds: nothing overflows.
func TestSoftOfCertainStudent(t *testing.T) {
	soft := softmaxed([]float64{0, 1, 2, 3}, 4, 2, 1)
	grad := make([]float32, 4)
	loss := soft.row(kernel.NewWorkers(1).LogitLoops(), []float32{-200, -300, 0, 200}, grad, 0, 1)
	for _, g := range grad {
		if math.IsNaN(float64(g)) || math.IsInf(float64(g), 0) {
			t.Errorf("gradient %v", grad)
		}
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		t.Errorf("divergence %v", loss)
	}
}

func TestSoftCheck(t *testing.T) {
	good := func() *Soft { return softmaxed([]float64{0, 1, 2, 3}, 4, 2, 1) }
	if err := good().Check(1, 4); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(*Soft){
		"for 2 labels":   func(s *Soft) {},
		"temperature":    func(s *Soft) { s.Temperature = 0 },
		"weight":         func(s *Soft) { s.Weight = 2 },
		"outside of the": func(s *Soft) { s.IDs[0] = 4 },
	} {
		s, labels := good(), 1
		spoil(s)
		if want == "for 2 labels" {
			labels = 2
		}
		if err := s.Check(labels, 4); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
