package optim

import (
	"fmt"
	"slices"
	"strings"

	"t5train/model/kernel"
)

// weightSlot is the slot of the weights themselves in the state of an [Averaged].
const weightSlot = "/weight"

// Averaged is an optimizer that also keeps a moving average of the weights. After step n, counted from 1, it is
//
//	average = d average + (1 - d) weight,  d = min(decay, (1 + n) / (10 + n))
//
// with which TensorFlow's ExponentialMovingAverage lets the first steps count less; it begins as the weights are.
//
// The average is what a checkpoint has for its model. So State has the weights too, and Load takes the parameters of
// the constructor for the average that was saved.
type Averaged struct {
	Optimizer
	decay   float64
	params  []Param
	average []StateTensor // by the names of the parameters
	workers *kernel.Workers
}

// NewAveraged returns the optimizer for the parameters that it was made for, with their average. decay is from 0 to 1.
func NewAveraged(o Optimizer, decay float64, params []Param, w *kernel.Workers) *Averaged {
	a := &Averaged{Optimizer: o, decay: decay, params: slices.Clone(params), workers: w}
	for _, p := range params {
		a.average = append(a.average, StateTensor{Name: p.Name, Shape: p.Shape, Data: slices.Clone(p.Value)})
	}
	return a
}

// Step implements Optimizer.
func (a *Averaged) Step(lr float64, params []Param) error {
	if err := a.Optimizer.Step(lr, params); err != nil {
		return err
	}
	step, err := decodeStep(a.Optimizer.State()[0].Data)
	if err != nil {
		return err
	}
	share := 1 - min(a.decay, float64(1+step)/float64(10+step))
	eachTensor(a.workers, params, func(i int, within spread) {
		value, average := params[i].Value, a.average[i].Data
		within.eachBlock(len(value), func(_, from, to int) {
			for j, v := range value[from:to] {
				old := float64(average[from+j])
				average[from+j] = float32(old + share*(float64(v)-old))
			}
		})
	})
	return nil
}

// Average returns the averages, named as the parameters. Data is the memory of a: copy it before the next Step.
func (a *Averaged) Average() []StateTensor { return a.average }

// Swap exchanges the weights and their average, and with a second call takes that back. Between the two there is no
// Step.
func (a *Averaged) Swap() {
	eachTensor(a.workers, a.params, func(i int, within spread) {
		value, average := a.params[i].Value, a.average[i].Data
		within.eachBlock(len(value), func(_, from, to int) {
			for j := from; j < to; j++ {
				value[j], average[j] = average[j], value[j]
			}
		})
	})
}

// State implements Optimizer.
func (a *Averaged) State() []StateTensor {
	state := a.Optimizer.State()
	for _, p := range a.params {
		state = append(state, StateTensor{Name: p.Name + weightSlot, Shape: p.Shape, Data: p.Value})
	}
	return state
}

// Load implements Optimizer. It takes what the parameters hold for the average.
func (a *Averaged) Load(state []StateTensor) error {
	weights := map[string]StateTensor{}
	var rest []StateTensor
	for _, t := range state {
		if name, ok := strings.CutSuffix(t.Name, weightSlot); ok {
			weights[name] = t
		} else {
			rest = append(rest, t)
		}
	}
	for _, p := range a.params {
		t, ok := weights[p.Name]
		if !ok || !slices.Equal(t.Shape, p.Shape) || len(t.Data) != len(p.Value) {
			return fmt.Errorf("load optimizer state: %q has shape %v and %d values, want shape %v: the state was "+
				"saved without an average of the weights, or belongs to another model", p.Name+weightSlot, t.Shape,
				len(t.Data), p.Shape)
		}
	}
	if err := a.Optimizer.Load(rest); err != nil {
		return err
	}
	for i, p := range a.params {
		copy(a.average[i].Data, p.Value)
		copy(p.Value, weights[p.Name].Data)
	}
	return nil
}
