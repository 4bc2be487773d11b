package optim

import (
	"math"
	"strings"
	"testing"
)

// groupParams are parameters of a model with two encoder blocks and one decoder block, each of 1 with a gradient.
func groupParams(names ...string) []Param {
	var params []Param
	for _, name := range names {
		shape := []int{2, 2}
		if strings.HasSuffix(name, "layer_norm.weight") {
			shape = []int{4}
		}
		params = append(params, Param{Name: name, Shape: shape, Value: []float32{1, 1, 1, 1},
			Grad: []float32{.5, .25, -.5, .125}})
	}
	return params
}

const (
	bias  = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
	query = "encoder.block.0.layer.0.SelfAttention.q.weight"
	upper = "encoder.block.1.layer.0.SelfAttention.q.weight"
	lower = "decoder.block.0.layer.0.SelfAttention.q.weight"
	norm  = "decoder.final_layer_norm.weight"
)

func TestSetGroups(t *testing.T) {
	params := groupParams("shared.weight", bias, query, upper, lower, norm)
	s := Spec{LayerDecay: 0.5, Groups: []string{"encoder=0.1", "encoder.block.1=10", "decoder.block.0-0=3"}}
	if err := s.SetGroups(params); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		rate    float64
		noDecay bool
	}{{0.125, false}, {0.025, true}, {0.025, false}, {0.5, false}, {1.5, false}, {1, true}} {
		if p := params[i]; math.Abs(p.Rate-want.rate) > 1e-12 || p.NoDecay != want.noDecay {
			t.Errorf("%s: factor %g, no decay %t, want %+v", p.Name, p.Rate, p.NoDecay, want)
		}
	}
	if err := (Spec{DecayAll: true}).SetGroups(params); err != nil || params[5].NoDecay {
		t.Errorf("with decay_all norms do not decay (%v)", err)
	}
	tiny := groupParams(query)
	if err := (Spec{Groups: []string{"encoder=1e-300", "encoder=1e-300"}}).SetGroups(tiny); err != nil ||
		tiny[0].rate() > 1e-300 {
		t.Errorf("a factor that rounds to 0 is %g (%v)", tiny[0].rate(), err)
	}
}

func TestGroupsRefuse(t *testing.T) {
	for group, want := range map[string]string{
		"encoder": "such as encoder=0.1", "=1": "such as", "encoder=0": "train.freeze", "encoder=-1": "above 0",
		"encoder=x": "such as", "encoder=NaN": "above 0", "encoder=Inf": "above 0", "encoder=1e999": "above 0",
		"decoder.block.1=1": "no module of the model", "lm_head=2": "name embedding",
	} {
		s := Spec{Groups: []string{group}}
		err := s.SetGroups(groupParams("shared.weight", query, lower))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", group, err, want)
		}
		if early := s.CheckGroups(); (early == nil) != strings.Contains(want, "mod") && want != "name embedding" {
			t.Errorf("%s: error %v without a model", group, early)
		}
	}
}

// A factor is that of the learning rate, in every optimizer, and what is spared decays by nothing.
func TestGroupsReachTheUpdate(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			step := func(lr, decay float64, set func(p *Param)) []float32 {
				params := groupParams(query)
				set(&params[0])
				o, err := New(Spec{Name: name, WeightDecay: decay}, params, nil)
				if err == nil {
					err = o.Step(lr, params)
				}
				if err != nil {
					t.Fatal(err)
				}
				return params[0].Value
			}
			half, byFactor := step(0.05, 0.1, func(*Param) {}), step(0.1, 0.1, func(p *Param) { p.Rate = 0.5 })
			none, spared := step(0.1, 0, func(*Param) {}), step(0.1, 0.1, func(p *Param) { p.NoDecay = true })
			full := step(0.1, 0.1, func(*Param) {})
			for i := range half {
				if half[i] != byFactor[i] || none[i] != spared[i] || half[i] == full[i] || none[i] == full[i] {
					t.Errorf("weight %d: half the rate %g, factor 0.5 %g; no decay %g, spared %g; neither %g", i,
						half[i], byFactor[i], none[i], spared[i], full[i])
				}
			}
		})
	}
}
