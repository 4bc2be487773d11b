package model

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"t5train/checkpoints/safetensors"
	"t5train/internal/golden"
	"t5train/model/kernel"
	"t5train/model/op"
)

// The limits of the golden README: max|a-b| / max|b| of a tensor, absolute for the loss.
const (
	hiddenLimit   = 1e-5
	gradientLimit = 3e-5
	lossLimit     = 1e-5
)

// OpenWeights is [checkpoints.OpenWeights]. That package imports this one, so a test outside of this package sets it.
var OpenWeights func(dir string) (Weights, error)

// Weights are what a checkpoint folder holds.
type Weights interface {
	TensorSource
	Config() []byte
	Close() error
}

func loadCase(t testing.TB, dir string) *T5 {
	t.Helper()
	weights, err := OpenWeights(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer weights.Close()
	c, err := ParseConfig(weights.Config())
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(c, weights)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// record is a golden.safetensors.
type record struct {
	t    testing.TB
	file *safetensors.File
}

func openRecord(t testing.TB, dir string) record {
	t.Helper()
	file, err := safetensors.Open(filepath.Join(dir, "golden.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return record{t, file}
}

func (r record) tensor(name string) safetensors.Tensor {
	r.t.Helper()
	x, ok := r.file.Tensor(name)
	if !ok {
		r.t.Fatalf("golden: no tensor %s", name)
	}
	return x
}

func (r record) ints(name string) []int32 {
	r.t.Helper()
	x, err := r.tensor(name).Int64s()
	if err != nil {
		r.t.Fatal(err)
	}
	ids := make([]int32, len(x))
	for i, v := range x {
		ids[i] = int32(v)
	}
	return ids
}

func (r record) floats(name string) []float64 {
	r.t.Helper()
	x, err := r.tensor(name).Float64s()
	if err != nil {
		r.t.Fatal(err)
	}
	return x
}

// relativeError returns max|a-b| / max|b|.
func relativeError(a []float32, b []float64) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	var diff, size float64
	for i := range b {
		d := math.Abs(float64(a[i]) - b[i])
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		diff, size = max(diff, d), max(size, math.Abs(b[i]))
	}
	if size == 0 {
		return diff
	}
	return diff / size
}

// rectangle makes a ragged batch of equally long rows; tokens whose mask is 0 are masked.
func rectangle(ids, mask []int32, rows int) op.Ragged {
	var offsets []int32
	var masked []bool
	length := len(ids) / rows
	for r := range rows + 1 {
		offsets = append(offsets, int32(r*length))
	}
	if slices.Contains(mask, 0) {
		for _, m := range mask {
			masked = append(masked, m == 0)
		}
	}
	return op.Ragged{IDs: ids, Offsets: offsets, Masked: masked}
}

func goldenBatch(r record) Batch {
	var b Batch
	rows := r.tensor("input_ids").Shape[0]
	b.Inputs = rectangle(r.ints("input_ids"), r.ints("attention_mask"), rows)
	var mask []int32
	if _, ok := r.file.Tensor("decoder_attention_mask"); ok {
		mask = r.ints("decoder_attention_mask")
	}
	b.Labels = rectangle(r.ints("labels"), mask, rows)
	return b
}

func TestGoldenModel(t *testing.T) {
	var cosines []float64
	defer func() {
		sum := 0.0
		for _, c := range cosines {
			sum += c
		}
		if n := float64(len(cosines)); n > 1 && !(sum/n >= bfloat16MeanCosine) {
			t.Errorf("in bfloat16 the mean cosine is %.6f, want %g", sum/n, bfloat16MeanCosine)
		}
	}()
	for _, dir := range golden.Cases(t, "model") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var c struct {
				Loss  float64  `json:"loss_f64"`
				Names []string `json:"parameter_names"`
			}
			golden.Read(t, dir, &c)
			m := loadCase(t, dir)
			r := openRecord(t, dir)
			b := goldenBatch(r)

			var names []string
			for _, p := range m.Params {
				names = append(names, p.Name)
			}
			for _, name := range c.Names {
				if !slices.Contains(names, name) {
					t.Errorf("parameter %s is missing", name)
				}
			}
			if len(names) != len(c.Names) {
				t.Errorf("%d parameters, want %d", len(names), len(c.Names))
			}

			t.Run("hidden states and logits", func(t *testing.T) { checkForward(t, m, b, r) })
			t.Run("bfloat16", func(t *testing.T) { cosines = append(cosines, checkBFloat16(t, m, b, r, c.Loss)) })
			t.Run("loss and gradients", func(t *testing.T) {
				var first map[string][]float32
				for _, threads := range []int{1, 3} {
					grads := checkGradients(t, m, b, r, threads, c.Loss)
					for name, g := range first {
						if !slices.Equal(g, grads[name]) {
							t.Errorf("%s: the gradient differs between one and three threads", name)
						}
					}
					first = grads
				}
			})
		})
	}
}

// visible drops the rows of masked tokens, where the recorded values mean nothing.
func visible(x []float32, want []float64, masked []bool) ([]float32, []float64) {
	if masked == nil {
		return x, want
	}
	d := len(x) / len(masked)
	var a []float32
	var b []float64
	for i, m := range masked {
		if !m {
			a, b = append(a, x[i*d:(i+1)*d]...), append(b, want[i*d:(i+1)*d]...)
		}
	}
	return a, b
}

func checkForward(t *testing.T, m *T5, b Batch, r record) {
	w := kernel.NewWorkers(2)
	e := op.NewEager(w)
	tokens := m.Config.DecoderInputs(&b.Labels, nil)
	if want := r.ints("decoder_input_ids"); !slices.Equal(tokens.IDs, want) {
		t.Errorf("the decoder reads %d, want %d", tokens.IDs, want)
	}
	encoder := Network[op.Matrix]{e}.Encode(m, &b.Inputs)
	decoder := Network[op.Matrix]{e.Beside()}.Decode(m, &tokens, encoder, &b.Inputs)
	logits := make([]float32, len(tokens.IDs)*m.Config.VocabSize)
	e.LinearInto(logits, decoder, m.LMHead)
	for i := range logits {
		logits[i] *= m.Config.LogitScale()
	}
	for _, x := range []struct {
		name   string
		got    []float32
		masked []bool
	}{
		{"encoder_last_hidden_state_f64", encoder.Data, b.Inputs.Masked},
		{"decoder_last_hidden_state_f64", decoder.Data, tokens.Masked},
		{"logits_f64", logits, tokens.Masked},
	} {
		got, want := visible(x.got, r.floats(x.name), x.masked)
		if e := relativeError(got, want); e > hiddenLimit {
			t.Errorf("%s: error %.2g, limit %.0g", x.name, e, hiddenLimit)
		}
	}
}

func checkGradients(t *testing.T, m *T5, b Batch, r record, threads int, wantLoss float64) map[string][]float32 {
	graph, err := m.LossGraph(kernel.NewWorkers(threads), LossOptions{Gradients: true})
	if err != nil {
		t.Fatal(err)
	}
	defer graph.Close()
	for _, p := range m.Params {
		p.ZeroGrad()
	}
	totals, err := graph.Run(b, op.Pass{Train: true, GradScale: 1 / float32(b.Targets())})
	if err != nil {
		t.Fatal(err)
	}
	if loss := totals.Loss / float64(totals.Tokens); math.Abs(loss-wantLoss) > lossLimit || math.IsNaN(loss) {
		t.Errorf("loss %.8f, want %.8f", loss, wantLoss)
	}
	grads := make(map[string][]float32)
	for _, p := range m.Params {
		grads[p.Name] = append([]float32(nil), p.Grad()...)
		if e := relativeError(p.Grad(), r.floats("grad_f64."+p.Name)); e > gradientLimit {
			t.Errorf("gradient of %s: error %.2g, limit %.0g", p.Name, e, gradientLimit)
		}
	}
	return grads
}

// The limits of bfloat16: of the cosine between the whole gradient and that in float64, for a model and for the mean of
// all of them, and of the loss, relative. PyTorch's autocast is at 0.9992 at the least too: bench/check_bfloat16.py.
const (
	bfloat16Cosine     = 0.999
	bfloat16MeanCosine = 0.9995
	bfloat16Loss       = 0.005
)

// checkBFloat16 compares the gradient in bfloat16 with the recorded one in float64, and returns the cosine.
func checkBFloat16(t *testing.T, m *T5, b Batch, r record, wantLoss float64) (cosine float64) {
	var first [][]float32
	for _, threads := range []int{1, 3} {
		graph, err := m.LossGraph(kernel.NewWorkers(threads).In(kernel.BFloat16), LossOptions{Gradients: true})
		if err != nil {
			t.Fatal(err)
		}
		defer graph.Close()
		for _, p := range m.Params {
			p.ZeroGrad()
		}
		totals, err := graph.Run(b, op.Pass{Train: true, GradScale: 1 / float32(b.Targets())})
		if err != nil {
			t.Fatal(err)
		}
		if loss := totals.Loss / float64(totals.Tokens); !(math.Abs(loss/wantLoss-1) <= bfloat16Loss) {
			t.Errorf("loss %.6f, want %.6f", loss, wantLoss)
		}
		var product, got, want float64
		for i, p := range m.Params {
			for j, v := range r.floats("grad_f64." + p.Name) {
				g := float64(p.Grad()[j])
				product, got, want = product+g*v, got+g*g, want+v*v
			}
			if threads == 1 {
				first = append(first, slices.Clone(p.Grad()))
			} else if !slices.Equal(first[i], p.Grad()) {
				t.Errorf("%s: the gradient differs between one and three threads", p.Name)
			}
		}
		cosine = product / math.Sqrt(got*want)
		t.Logf("cosine %.8f, loss %.8f", cosine, totals.Loss/float64(totals.Tokens)) // bench/check_bfloat16.py reads it
		if !(cosine >= bfloat16Cosine) {
			t.Errorf("the gradient has a cosine of %.6f with that in float64, want %g", cosine, bfloat16Cosine)
		}
	}
	return cosine
}

// The golden test must be able to fail: a damaged value is outside of the limits.
func TestRelativeErrorSeesDamage(t *testing.T) {
	want := []float64{1, -2, 3}
	for _, x := range [][]float32{{1, -2, 3.0001}, {1, -2, float32(math.NaN())}, {1, -2}} {
		if e := relativeError(x, want); e <= hiddenLimit {
			t.Errorf("%v passes for %v with error %g", x, want, e)
		}
	}
}

func TestSizes(t *testing.T) {
	// t5-reference: computed from the architectures, and equal to the published checkpoints.
	want := map[string]int64{
		"small": 60506624, "base": 222903552, "large": 737668096, "3b": 2851598336, "11b": 11307321344,
		"v1_1-tiny": 2179584, "v1_1-small": 76961152, "v1_1-base": 247577856, "v1_1-large": 783150080,
		"v1_1-xl": 2849757184, "v1_1-xxl": 11135332352,
	}
	for _, s := range Sizes() {
		if n := s.Config.Parameters(); n != want[s.Name] {
			t.Errorf("%s has %d parameters, want %d", s.Name, n, want[s.Name])
		}
		delete(want, s.Name)
		if err := s.Config.Validate(); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	if len(want) > 0 {
		t.Errorf("sizes are missing: %v", want)
	}
}

func TestParametersCountsTheTensors(t *testing.T) {
	for _, c := range []Config{v1_0(12, 3, 20, 2, 5), v1_1(12, 3, 20, 3, 5)} {
		for _, kind := range []string{"t5", "umt5"} {
			c.ModelType, c.VocabSize = kind, 50
			m, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			var n int64
			for _, p := range m.Params {
				n += int64(len(p.Value))
			}
			if n != c.Parameters() {
				t.Errorf("%s %s: the tensors hold %d parameters, Parameters says %d", kind, c.FeedForwardProj, n,
					c.Parameters())
			}
		}
	}
}
