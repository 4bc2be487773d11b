package op

// Param is a parameter of a model: a named tensor, shared by every graph that uses it.
type Param struct {
	Name  string // the tensor's path in a Hugging Face checkpoint
	Shape []int
	Value []float32 // row-major

	grad    []float32
	touched bool // grad holds something since ZeroGrad
}

// NewParam returns a parameter of zeros.
func NewParam(name string, shape ...int) *Param {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return &Param{Name: name, Shape: shape, Value: make([]float32, n)}
}

// ZeroGrad forgets the gradient. Call it before the first batch of a step.
func (p *Param) ZeroGrad() { p.touched = false }

// Grad returns the gradient summed since ZeroGrad, laid out like Value. Its memory stays the same for the
// life of p.
func (p *Param) Grad() []float32 {
	sum, accumulate := p.sink()
	if !accumulate {
		clear(sum)
	}
	return sum
}

// sink returns where an operation puts its share of the gradient, and whether it must add to it: the first
// one since ZeroGrad overwrites, which spares a pass to clear and a pass to read.
func (p *Param) sink() (grad []float32, accumulate bool) {
	if p.grad == nil {
		p.grad = make([]float32, len(p.Value))
	}
	accumulate = p.touched
	p.touched = true
	return p.grad, accumulate
}
