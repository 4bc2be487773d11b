package optim

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints/safetensors"
	"t5train/internal/golden"
)

// goldenLimit is the greatest error of weights, relative to the greatest weight of their tensor.
const goldenLimit = 1e-5

// goldenCase is what the case.json files of the group optim hold, by their kind.
type goldenCase struct {
	Kind      string           `json:"kind"`
	Optimizer string           `json:"optimizer"`
	Options   json.RawMessage  `json:"options"`
	Steps     int              `json:"steps"`
	Params    map[string][]int `json:"params"`

	EffectiveLR []map[string]float64 `json:"effective_lr_per_step"`

	MaxNorm    float64   `json:"max_norm"`
	NormBefore []float64 `json:"global_norm_before"`

	BaseLR    float64              `json:"base_lr"`
	Schedules map[string][]float64 `json:"schedules"`
}

func TestGolden(t *testing.T) {
	for _, dir := range golden.Cases(t, "optim") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var c goldenCase
			golden.Read(t, dir, &c)
			switch c.Kind {
			case "optimizer":
				testGoldenOptimizer(t, dir, c)
			case "clip_grad_norm":
				testGoldenClip(t, dir, c)
			case "lr_schedule":
				testGoldenSchedules(t, c)
			default:
				t.Fatalf("kind %q: no test knows it", c.Kind)
			}
		})
	}
}

// testGoldenOptimizer feeds the recorded gradients and compares the weights wherever they are recorded, in
// float64 if there is a choice, then the moments.
func testGoldenOptimizer(t *testing.T, dir string, c goldenCase) {
	tensors := openTensors(t, dir)
	var params []Param
	for name, shape := range c.Params {
		params = append(params, Param{Name: name, Shape: shape, Value: tensors.float32s("param0." + name)})
	}
	slices.SortFunc(params, func(a, b Param) int { return strings.Compare(a.Name, b.Name) })
	optimizer, lr := newGoldenOptimizer(t, c, params)

	compared := 0
	for step := 1; step <= c.Steps; step++ {
		for i := range params {
			params[i].Grad = tensors.float32s(fmt.Sprintf("grad.%d.%s", step, params[i].Name))
		}
		if a, ok := optimizer.(*Adafactor); ok && step <= len(c.EffectiveLR) {
			for _, p := range params {
				got := a.options.stepSize(int64(step), lr, math.Sqrt(a.loops.SumSquares(p.Value)/float64(len(p.Value))))
				if want := c.EffectiveLR[step-1][p.Name]; math.Abs(got-want) > goldenLimit*want {
					t.Errorf("step %d: effective learning rate of %s is %v, want %v", step, p.Name, got, want)
				}
			}
		}
		if err := optimizer.Step(lr, params); err != nil {
			t.Fatal(err)
		}
		for _, p := range params {
			for _, kind := range []string{"param_f64", "param"} {
				want, ok := tensors.lookup(fmt.Sprintf("%s.%d.%s", kind, step, p.Name))
				if !ok {
					continue
				}
				compared++
				if err := relativeError(p.Value, want); !(err <= goldenLimit) {
					t.Errorf("step %d: %s is off by %.2g of its greatest value", step, p.Name, err)
				}
				break
			}
		}
	}
	if compared == 0 {
		t.Fatal("the case records no weights to compare")
	}

	slots := map[string]string{"row": "exp_avg_sq_row", "col": "exp_avg_sq_col", "full": "exp_avg_sq", "m": "exp_avg"}
	state := make(map[string][]float32)
	for _, s := range optimizer.State() {
		state[s.Name] = s.Data
	}
	for recorded, slot := range slots {
		for _, p := range params {
			want, ok := tensors.lookup(fmt.Sprintf("state.%d.%s.%s", c.Steps, recorded, p.Name))
			got, kept := state[p.Name+"/"+slot]
			if !ok || !kept && slot == "exp_avg" { // beta1 of 0 keeps no mean here
				continue
			}
			if err := relativeError(got, want); !(err <= goldenLimit) {
				t.Errorf("%s of %s is off by %.2g of its greatest value", slot, p.Name, err)
			}
		}
	}
}

// transformersAdafactor returns the defaults of transformers.Adafactor, which recorded cases leave out.
func transformersAdafactor() AdafactorOptions {
	o := DefaultAdafactor()
	o.ScaleParameter, o.RelativeStep = true, true
	return o
}

// newGoldenOptimizer reads the options under the names of transformers and torch; those left out have
// their defaults.
func newGoldenOptimizer(t *testing.T, c goldenCase, params []Param) (Optimizer, float64) {
	t.Helper()
	var optimizer Optimizer
	var lr float64
	var err error
	switch c.Optimizer {
	case "Adafactor":
		d := transformersAdafactor()
		o := struct {
			LR             float64    `json:"lr"`
			Eps            [2]float64 `json:"eps"`
			ClipThreshold  float64    `json:"clip_threshold"`
			DecayRate      float64    `json:"decay_rate"`
			Beta1          float64    `json:"beta1"`
			WeightDecay    float64    `json:"weight_decay"`
			ScaleParameter bool       `json:"scale_parameter"`
			RelativeStep   bool       `json:"relative_step"`
			WarmupInit     bool       `json:"warmup_init"`
			MinDimSize     int        `json:"min_dim_size_to_factor"`
		}{Eps: [2]float64{d.Eps1, d.Eps2}, ClipThreshold: d.ClipThreshold, DecayRate: d.DecayRate,
			ScaleParameter: d.ScaleParameter, RelativeStep: d.RelativeStep}
		decodeOptions(t, c.Options, &o)
		lr = o.LR
		optimizer, err = NewAdafactor(AdafactorOptions{
			Eps1: o.Eps[0], Eps2: o.Eps[1], ClipThreshold: o.ClipThreshold, DecayRate: o.DecayRate,
			Beta1: o.Beta1, WeightDecay: o.WeightDecay, ScaleParameter: o.ScaleParameter,
			RelativeStep: o.RelativeStep, WarmupInit: o.WarmupInit, MinDimSizeToFactor: o.MinDimSize,
		}, params, serial())
	case "AdamW":
		d := DefaultAdamW()
		o := struct {
			LR          float64    `json:"lr"`
			Betas       [2]float64 `json:"betas"`
			Eps         float64    `json:"eps"`
			WeightDecay float64    `json:"weight_decay"`
		}{Betas: [2]float64{d.Beta1, d.Beta2}, Eps: d.Eps, WeightDecay: 0.01} // torch.optim.AdamW
		decodeOptions(t, c.Options, &o)
		lr = o.LR
		optimizer, err = NewAdamW(AdamWOptions{Beta1: o.Betas[0], Beta2: o.Betas[1], Eps: o.Eps,
			WeightDecay: o.WeightDecay},
			params, serial())
	case "SGD":
		var o struct {
			LR          float64 `json:"lr"`
			Momentum    float64 `json:"momentum"`
			Dampening   float64 `json:"dampening"`
			Nesterov    bool    `json:"nesterov"`
			WeightDecay float64 `json:"weight_decay"`
		}
		decodeOptions(t, c.Options, &o)
		if o.Dampening != 0 || o.Nesterov {
			t.Fatalf("options %s: SGD here has no dampening and no Nesterov momentum", c.Options)
		}
		lr = o.LR
		optimizer, err = NewSGD(SGDOptions{Momentum: o.Momentum, WeightDecay: o.WeightDecay}, params, serial())
	default:
		t.Fatalf("optimizer %q: no test knows it", c.Optimizer)
	}
	if err != nil {
		t.Fatal(err)
	}
	return optimizer, lr
}

// decodeOptions refuses an option it does not know: passing it over would compare two different rules.
func decodeOptions(t *testing.T, raw json.RawMessage, options any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(options); err != nil {
		t.Fatalf("options: %v", err)
	}
}

// testGoldenClip clips the recorded sets of gradients, grad.<set>.<parameter>.
func testGoldenClip(t *testing.T, dir string, c goldenCase) {
	tensors := openTensors(t, dir)
	for set, norm := range c.NormBefore {
		prefix := fmt.Sprintf("grad.%d.", set)
		var params []Param
		for _, name := range tensors.file.Names() {
			if param, ok := strings.CutPrefix(name, prefix); ok {
				grad := tensors.float32s(name)
				params = append(params,
					Param{Name: param, Shape: []int{len(grad)}, Value: make([]float32, len(grad)), Grad: grad})
			}
		}
		if got := ClipGlobalNorm(params, c.MaxNorm, serial()); !(math.Abs(got-norm) <= 1e-6*norm) {
			t.Errorf("set %d: norm is %v, want %v", set, got, norm)
		}
		for _, p := range params {
			want, ok := tensors.lookup(fmt.Sprintf("clipped.%d.%s", set, p.Name))
			if !ok {
				t.Fatalf("set %d: no clipped gradient of %s", set, p.Name)
			}
			if err := relativeError(p.Grad, want); !(err <= goldenLimit) {
				t.Errorf("set %d: clipped gradient of %s is off by %.2g of its greatest value", set, p.Name, err)
			}
		}
	}
}

// testGoldenSchedules compares schedules named as "linear/warmup=5/total=30", with any of the two settings.
func testGoldenSchedules(t *testing.T, c goldenCase) {
	if len(c.Schedules) == 0 {
		t.Fatal("the case holds no schedule")
	}
	for key, want := range c.Schedules {
		t.Run(strings.ReplaceAll(key, "/", ","), func(t *testing.T) {
			name, settings, _ := strings.Cut(key, "/")
			o := ScheduleOptions{LR: c.BaseLR}
			for setting := range strings.FieldsFuncSeq(settings, func(r rune) bool { return r == '/' }) {
				key, value, _ := strings.Cut(setting, "=")
				field := map[string]*int64{"warmup": &o.Warmup, "total": &o.Total}[key]
				if field == nil {
					t.Fatalf("setting %q is not known", setting)
				}
				if _, err := fmt.Sscan(value, field); err != nil {
					t.Fatalf("setting %q: %v", setting, err)
				}
			}
			schedule, err := NewSchedule(name, o)
			if err != nil {
				t.Fatal(err)
			}
			for step, lr := range want {
				if got := schedule.LR(int64(step)); !(math.Abs(got-lr) <= 1e-12*c.BaseLR) {
					t.Errorf("step %d: learning rate is %v, want %v", step, got, lr)
				}
			}
		})
	}
}

// goldenTensors reads the golden.safetensors of a case.
type goldenTensors struct {
	t    *testing.T
	file *safetensors.File
}

func openTensors(t *testing.T, dir string) goldenTensors {
	t.Helper()
	file, err := safetensors.Open(filepath.Join(dir, "golden.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return goldenTensors{t, file}
}

func (g goldenTensors) lookup(name string) ([]float64, bool) {
	g.t.Helper()
	tensor, ok := g.file.Tensor(name)
	if !ok {
		return nil, false
	}
	values, err := tensor.Float64s()
	if err != nil {
		g.t.Fatalf("%s: %v", name, err)
	}
	return values, true
}

func (g goldenTensors) float32s(name string) []float32 {
	g.t.Helper()
	values, ok := g.lookup(name)
	if !ok {
		g.t.Fatalf("the case has no tensor %s", name)
	}
	x := make([]float32, len(values))
	for i, v := range values {
		x[i] = float32(v)
	}
	return x
}

// relativeError is max|got-want| / max|want|; tensors of different sizes are infinitely far apart.
func relativeError(got []float32, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var diff, size float64
	for i, w := range want {
		d := math.Abs(float64(got[i]) - w)
		if math.IsNaN(d) {
			return d
		}
		diff, size = max(diff, d), max(size, math.Abs(w))
	}
	if diff == 0 {
		return 0
	}
	return diff / size
}
