package trainer

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

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
)

type trainingCase struct {
	Optimizer string `json:"optimizer"`
	Options   struct {
		LR             *float64    `json:"lr"`
		ScaleParameter bool        `json:"scale_parameter"`
		RelativeStep   bool        `json:"relative_step"`
		WarmupInit     bool        `json:"warmup_init"`
		Betas          *[2]float64 `json:"betas"`
		Eps            *float64    `json:"eps"`
		WeightDecay    float64     `json:"weight_decay"`
	} `json:"options"`
	Steps          int       `json:"steps"`
	BatchesPerStep int       `json:"batches_per_step"`
	ClipNorm       *float64  `json:"clip_grad_norm"`
	Losses         []float64 `json:"losses_f64"`
	GradNorms      []float64 `json:"grad_norms_f64"`
}

func (c trainingCase) build(t *testing.T, params []optim.Param, w *kernel.Workers) optim.Optimizer {
	t.Helper()
	var o optim.Optimizer
	var err error
	switch c.Optimizer {
	case "Adafactor":
		options := optim.DefaultAdafactor()
		options.ScaleParameter, options.RelativeStep, options.WarmupInit = c.Options.ScaleParameter, c.Options.RelativeStep, c.Options.WarmupInit
		options.WeightDecay = c.Options.WeightDecay
		o, err = optim.NewAdafactor(options, params, w)
	case "AdamW":
		options := optim.DefaultAdamW()
		options.WeightDecay = c.Options.WeightDecay
		if c.Options.Betas != nil {
			options.Beta1, options.Beta2 = c.Options.Betas[0], c.Options.Betas[1]
		}
		if c.Options.Eps != nil {
			options.Eps = *c.Options.Eps
		}
		o, err = optim.NewAdamW(options, params, w)
	default:
		t.Fatalf("golden: unknown optimizer %q", c.Optimizer)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestGoldenTrain repeats recorded training steps without dropout.
func TestGoldenTrain(t *testing.T) {
	for _, dir := range golden.Cases(t, "train") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var c trainingCase
			golden.Read(t, dir, &c)
			m, err := LoadModel(dir)
			if err != nil {
				t.Fatal(err)
			}
			w := kernel.NewWorkers(2)
			graph, err := m.LossGraph(w, model.LossOptions{Gradients: true})
			if err != nil {
				t.Fatal(err)
			}
			defer graph.Close()
			var rate float64
			if c.Options.LR != nil {
				rate = *c.Options.LR
			}
			schedule, err := optim.NewSchedule("constant", optim.ScheduleOptions{LR: rate, Total: int64(c.Steps)})
			if err != nil {
				t.Fatal(err)
			}
			s := &stepper{graph: graph, params: m.Params, optimizer: c.build(t, optimParams(m.Params), w), schedule: schedule, workers: w}
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
				r, err := s.weighted(i, 0, batches, weights)
				if err != nil {
					t.Fatal(err)
				}
				if d := math.Abs(r.Loss - c.Losses[i]); !(d <= goldenLoss) {
					t.Errorf("step %d: loss %.8f, want %.8f", i+1, r.Loss, c.Losses[i])
				}
				if d := math.Abs(r.GradNorm - c.GradNorms[i]); !(d <= goldenLoss*max(1, c.GradNorms[i])) {
					t.Errorf("step %d: gradient norm %.8f, want %.8f", i+1, r.GradNorm, c.GradNorms[i])
				}
			}
			limit := goldenAdafactor
			if c.Optimizer == "AdamW" {
				limit = goldenAdamW
			}
			for _, p := range m.Params {
				x, ok := file.Tensor("final_f64." + p.Name)
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
		})
	}
}

// recordedBatch reads one padded batch, whose padding attention does not see; decoder inputs are the labels shifted
// right.
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
	b := model.Batch{EncoderOffsets: []int32{0}, DecoderOffsets: []int32{0}}
	for r := range shape[0] {
		for i := r * shape[1]; i < (r+1)*shape[1]; i++ {
			b.EncoderIDs = append(b.EncoderIDs, int32(ids[i]))
			b.EncoderHidden = append(b.EncoderHidden, mask[i] == 0)
		}
		b.EncoderOffsets = append(b.EncoderOffsets, int32(len(b.EncoderIDs)))
		last := int32(0) // the start token
		for i := r * labelShape[1]; i < (r+1)*labelShape[1]; i++ {
			b.DecoderIDs = append(b.DecoderIDs, last)
			b.Labels = append(b.Labels, int32(labels[i]))
			last = max(int32(labels[i]), 0) // transformers turns -100 into the padding 0
		}
		b.DecoderOffsets = append(b.DecoderOffsets, int32(len(b.DecoderIDs)))
	}
	return b
}
