package trainer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/internal/golden"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/trainer/optim"
)

// The limits of the golden README: losses and gradient norms absolute, final weights max|a-b| / max|b|.
const (
	goldenLoss      = 1e-5
	goldenAdafactor = 1e-5
	goldenAdamW     = 2e-4
	goldenBFloat16  = 5e-3 // of the losses in bfloat16, relative
)

type trainingCase struct {
	Optimizer      string          `json:"optimizer"`
	Options        json.RawMessage `json:"options"`
	Steps          int             `json:"steps"`
	BatchesPerStep int             `json:"batches_per_step"`
	ClipNorm       *float64        `json:"clip_grad_norm"`
	Losses         []float64       `json:"losses_f64"`
	GradNorms      []float64       `json:"grad_norms_f64"`
	Losses32       []float64       `json:"losses_f32"` // where float64 is not recorded
	GradNorms32    []float64       `json:"grad_norms_f32"`
}

// read reads options, by the names of transformers and torch; an option that is not known fails the test.
func (c trainingCase) read(t *testing.T, options any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(c.Options))
	d.DisallowUnknownFields()
	if err := d.Decode(options); err != nil {
		t.Fatalf("golden: options %s: %v", c.Options, err)
	}
}

// build returns the optimizer and the learning rate of a case. Options that it leaves out have their defaults.
func (c trainingCase) build(t *testing.T, params []optim.Param, w *kernel.Workers) (o optim.Optimizer, rate float64) {
	t.Helper()
	var err error
	switch c.Optimizer {
	case "Adafactor":
		d := optim.DefaultAdafactor()
		d.ScaleParameter, d.RelativeStep = true, true // transformers.Adafactor
		eps := [2]float64{d.Eps1, d.Eps2}
		c.read(t, &struct {
			LR             *float64    `json:"lr"`
			Eps            *[2]float64 `json:"eps"`
			ClipThreshold  *float64    `json:"clip_threshold"`
			DecayRate      *float64    `json:"decay_rate"`
			Beta1          *float64    `json:"beta1"`
			WeightDecay    *float64    `json:"weight_decay"`
			ScaleParameter *bool       `json:"scale_parameter"`
			RelativeStep   *bool       `json:"relative_step"`
			WarmupInit     *bool       `json:"warmup_init"`
		}{&rate, &eps, &d.ClipThreshold, &d.DecayRate, &d.Beta1, &d.WeightDecay, &d.ScaleParameter, &d.RelativeStep,
			&d.WarmupInit})
		d.Eps1, d.Eps2 = eps[0], eps[1]
		o, err = optim.NewAdafactor(d, params, w)
	case "AdamW":
		d := optim.DefaultAdamW()
		d.WeightDecay = 0.01 // torch.optim.AdamW
		betas := [2]float64{d.Beta1, d.Beta2}
		c.read(t, &struct {
			LR          *float64    `json:"lr"`
			Betas       *[2]float64 `json:"betas"`
			Eps         *float64    `json:"eps"`
			WeightDecay *float64    `json:"weight_decay"`
		}{&rate, &betas, &d.Eps, &d.WeightDecay})
		d.Beta1, d.Beta2 = betas[0], betas[1]
		o, err = optim.NewAdamW(d, params, w)
	case "SGD":
		var d optim.SGDOptions
		c.read(t, &struct {
			LR          *float64 `json:"lr"`
			Momentum    *float64 `json:"momentum"`
			WeightDecay *float64 `json:"weight_decay"`
		}{&rate, &d.Momentum, &d.WeightDecay})
		o, err = optim.NewSGD(d, params, w)
	default:
		t.Fatalf("golden: unknown optimizer %q", c.Optimizer)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o, rate
}

// TestGoldenTrain repeats recorded training steps without dropout.
func TestGoldenTrain(t *testing.T) {
	for _, dir := range golden.Cases(t, "train") {
		t.Run(filepath.Base(dir), func(t *testing.T) { repeatTraining(t, dir, kernel.Float32) })
		t.Run(filepath.Base(dir)+"/bfloat16", func(t *testing.T) { repeatTraining(t, dir, kernel.BFloat16) })
	}
}

func repeatTraining(t *testing.T, dir string, precision kernel.Precision) {
	var c trainingCase
	golden.Read(t, dir, &c)
	if c.Losses == nil {
		c.Losses, c.GradNorms = c.Losses32, c.GradNorms32
	}
	if c.Steps == 0 || len(c.Losses) < c.Steps || len(c.GradNorms) < c.Steps {
		t.Fatalf("golden: %d steps, %d losses, %d gradient norms", c.Steps, len(c.Losses), len(c.GradNorms))
	}
	c.BatchesPerStep = max(1, c.BatchesPerStep)
	m, err := checkpoints.LoadModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := kernel.NewWorkers(2).In(precision)
	graph, err := m.LossGraph(w, model.LossOptions{Gradients: true})
	if err != nil {
		t.Fatal(err)
	}
	defer graph.Close()
	optimizer, rate := c.build(t, optimParams(m.Params), w)
	schedule, err := optim.NewSchedule("constant", optim.ScheduleOptions{LR: rate, Total: int64(c.Steps)})
	if err != nil {
		t.Fatal(err)
	}
	s := &Stepper{Graph: graph, params: m.Params, shown: optimParams(m.Params), Optimizer: optimizer,
		schedule: schedule, workers: w}
	if c.ClipNorm != nil {
		s.clipNorm = *c.ClipNorm
	}
	file, err := safetensors.Open(filepath.Join(dir, "golden.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for i := range c.Steps {
		var batches []model.Batch
		var weights []float32
		for j := range c.BatchesPerStep {
			b := recordedBatch(t, file, i*c.BatchesPerStep+j)
			batches = append(batches, b)
			weights = append(weights, 1/float32(b.Targets()*c.BatchesPerStep)) // the mean of the batches' means
		}
		r, err := s.update(i, 0, batches, weights)
		if err != nil {
			t.Fatal(err)
		}
		if precision == kernel.BFloat16 {
			if d := math.Abs(r.Loss/c.Losses[i] - 1); !(d <= goldenBFloat16) {
				t.Errorf("step %d: loss %.6f, want %.6f", i+1, r.Loss, c.Losses[i])
			}
			continue
		}
		if d := math.Abs(r.Loss - c.Losses[i]); !(d <= goldenLoss) {
			t.Errorf("step %d: loss %.8f, want %.8f", i+1, r.Loss, c.Losses[i])
		}
		if d := math.Abs(r.GradNorm - c.GradNorms[i]); !(d <= goldenLoss*max(1, c.GradNorms[i])) {
			t.Errorf("step %d: gradient norm %.8f, want %.8f", i+1, r.GradNorm, c.GradNorms[i])
		}
	}
	if precision == kernel.BFloat16 {
		return
	}
	limit := goldenAdafactor
	if c.Optimizer == "AdamW" {
		limit = goldenAdamW
	}
	for _, p := range m.Params {
		x, ok := file.Tensor("final_f64." + p.Name)
		if !ok {
			x, ok = file.Tensor("final." + p.Name)
		}
		if !ok {
			t.Fatalf("golden: no tensor final_f64.%s", p.Name)
		}
		want, err := x.Float64s()
		if err != nil {
			t.Fatal(err)
		}
		var diff, size float64
		for i, v := range want {
			diff, size = max(diff, math.Abs(float64(p.Value[i])-v)), max(size, math.Abs(v))
		}
		if !(diff <= limit*size) {
			t.Errorf("%s: error %.2g, limit %.0g", p.Name, diff/size, limit)
		}
	}
}

// recordedBatch reads one padded batch, whose padding attention does not see.
func recordedBatch(t *testing.T, file *safetensors.File, number int) model.Batch {
	t.Helper()
	read := func(name string) ([]int64, []int) {
		x, ok := file.Tensor(fmt.Sprintf("%s.%d", name, number))
		if !ok {
			t.Fatalf("golden: no tensor %s.%d", name, number)
		}
		v, err := x.Int64s()
		if err != nil {
			t.Fatal(err)
		}
		return v, x.Shape
	}
	ids, shape := read("input_ids")
	mask, _ := read("attention_mask")
	labels, labelShape := read("labels")
	var b model.Batch
	for r := range shape[0] {
		for i := r * shape[1]; i < (r+1)*shape[1]; i++ {
			b.Inputs.IDs = append(b.Inputs.IDs, int32(ids[i]))
			b.Inputs.Masked = append(b.Inputs.Masked, mask[i] == 0)
		}
		b.Inputs.End()
		for _, label := range labels[r*labelShape[1] : (r+1)*labelShape[1]] {
			b.Labels.IDs = append(b.Labels.IDs, int32(label))
		}
		b.Labels.End()
	}
	return b
}
