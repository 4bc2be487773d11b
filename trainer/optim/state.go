package optim

import (
	"fmt"
	"slices"

	"t5train/internal/floats"
)

// StateTensor is one tensor of an optimizer's memory, ready to be stored as float32.
type StateTensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// stepName names the step counter. Parameters' slots hold a slash, so none can take it.
const stepName = "step"

// stepDigit is the base in which the counter is stored, low digit first: float32 holds every integer up to
// it, so two digits count to 2^48 without a rounding.
const stepDigit = 1 << 24

// memory is what all optimizers share: the step counter and the slots of each parameter.
type memory struct {
	step   int64
	params []Param // without Value and Grad
	sizes  []int
	slots  []StateTensor
}

// newMemory checks the parameters an optimizer is made for and remembers their names and shapes.
func newMemory(params []Param) (memory, error) {
	var m memory
	seen := make(map[string]bool, len(params))
	for _, p := range params {
		if slices.ContainsFunc(p.Shape, func(d int) bool { return d < 1 }) {
			return memory{}, fmt.Errorf("parameter %q has shape %v, want dimensions from 1", p.Name, p.Shape)
		}
		size := elements(p.Shape)
		if size != len(p.Value) {
			return memory{}, fmt.Errorf("parameter %q holds %d values, want %d for shape %v", p.Name,
				len(p.Value), size,
				p.Shape)
		}
		if seen[p.Name] {
			return memory{}, fmt.Errorf("parameter %q is given twice: pass a tied weight once, with its summed "+
				"gradient", p.Name)
		}
		seen[p.Name] = true
		m.params = append(m.params, Param{Name: p.Name, Shape: slices.Clone(p.Shape)})
		m.sizes = append(m.sizes, size)
	}
	return m, nil
}

// slot adds a tensor of zeros to the state and returns its data.
func (m *memory) slot(param, name string, shape ...int) []float32 {
	data := make([]float32, elements(shape))
	m.slots = append(m.slots, StateTensor{Name: param + "/" + name, Shape: slices.Clone(shape), Data: data})
	return data
}

// begin checks what Step was given and counts the step that is about to be made.
func (m *memory) begin(lr float64, params []Param) error {
	if lr < 0 || !floats.IsFinite(lr) {
		return fmt.Errorf("learning rate is %v, want a finite number from 0", lr)
	}
	if len(params) != len(m.params) {
		return fmt.Errorf("got %d parameters, want the %d of the constructor", len(params), len(m.params))
	}
	for i, p := range params {
		switch want, size := m.params[i], m.sizes[i]; {
		case p.Name != want.Name:
			return fmt.Errorf("parameter %d is %q, want %q: keep the constructor's order", i, p.Name, want.Name)
		case len(p.Value) != size:
			return fmt.Errorf("parameter %q holds %d values, want %d for shape %v", p.Name, len(p.Value), size,
				want.Shape)
		case len(p.Grad) != size:
			return fmt.Errorf("parameter %q has a gradient of %d values, want %d for shape %v", p.Name,
				len(p.Grad), size,
				want.Shape)
		}
		if err := p.checkRows(); err != nil {
			return err
		}
	}
	m.step++
	return nil
}

// State implements Optimizer.
func (m *memory) State() []StateTensor {
	counter := StateTensor{Name: stepName, Shape: []int{2}, Data: encodeStep(m.step)}
	return append([]StateTensor{counter}, m.slots...)
}

// Load implements Optimizer.
func (m *memory) Load(state []StateTensor) error {
	given := make(map[string]StateTensor, len(state))
	for _, t := range state {
		if _, twice := given[t.Name]; twice {
			return fmt.Errorf("load optimizer state: %q is given twice", t.Name)
		}
		given[t.Name] = t
	}
	own := m.State()
	known := make(map[string]bool, len(own))
	for _, want := range own {
		known[want.Name] = true
		t, ok := given[want.Name]
		if !ok {
			return fmt.Errorf("load optimizer state: no tensor %q: the state was saved by another optimizer or with "+
				"other options", want.Name)
		}
		if !slices.Equal(t.Shape, want.Shape) || len(t.Data) != len(want.Data) {
			return fmt.Errorf("load optimizer state: %q has shape %v and %d values, want shape %v: the state belongs "+
				"to another model",
				t.Name, t.Shape, len(t.Data), want.Shape)
		}
	}
	for _, t := range state {
		if !known[t.Name] {
			return fmt.Errorf("load optimizer state: tensor %q is unknown: the state was saved by another optimizer "+
				"or with other options", t.Name)
		}
	}
	step, err := decodeStep(given[stepName].Data)
	if err != nil {
		return fmt.Errorf("load optimizer state: %w", err)
	}
	for _, s := range m.slots {
		copy(s.Data, given[s.Name].Data)
	}
	m.step = step
	return nil
}

func encodeStep(step int64) []float32 {
	return []float32{float32(step % stepDigit), float32(step / stepDigit)}
}

func decodeStep(digits []float32) (int64, error) {
	for _, d := range digits {
		if !(d >= 0 && d < stepDigit) || d != float32(int64(d)) {
			return 0, fmt.Errorf("%q is %v, want two integers from 0 to %d", stepName, digits, stepDigit-1)
		}
	}
	return int64(digits[0]) + int64(digits[1])*stepDigit, nil
}

// elements is the product of the dimensions; a scalar has one.
func elements(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
