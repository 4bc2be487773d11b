package op

import (
	"t5train/model/kernel"
	"t5train/model/kernel/pages"
)

// Param is a parameter of a model: a named tensor, shared by every graph that uses it.
type Param struct {
	Name  string // the tensor's path in a Hugging Face checkpoint
	Shape []int
	Value []float32 // row-major

	// Int8 and Halves stand in place of Value where a model has its weights in eight bits or in bfloat16. A graph can
	// hold them where they are frozen.
	Int8   *kernel.Int8
	Halves *kernel.Halves

	// Frozen says that training leaves the parameter as it is: graphs compute no gradient of it.
	Frozen bool

	// LoRA, if not nil, is an adapter beside the linear layer that the parameter is the weight of.
	LoRA *LowRank

	grad    []float32
	touched bool // grad holds something since ZeroGrad
	dense   bool // any row of grad may differ from zero, else only those marked
	marked  []bool
}

// NewParam returns a parameter of zeros.
func NewParam(name string, shape ...int) *Param {
	p := &Param{Name: name, Shape: shape}
	p.Value = pages.Floats(p.Size())
	return p
}

// Size returns the number of elements.
func (p *Param) Size() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// packedWeight is an Int8 or Halves.
type packedWeight interface {
	// Rows writes rows, which are of one panel of 32, to dst [end-first, in].
	Rows(dst []float32, first, end int)
}

// packed returns what stands in place of Value, or nil.
func (p *Param) packed() packedWeight {
	switch {
	case p.Int8 != nil:
		return p.Int8
	case p.Halves != nil:
		return p.Halves
	}
	return nil
}

// embed writes the rows that ids name of a table [vocab, d] to y [ids, d].
func (p *Param) embed(w *kernel.Workers, y []float32, ids []int32) {
	if packed := p.packed(); packed != nil {
		d := p.Shape[1]
		w.Rows(len(ids), 16, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				packed.Rows(y[i*d:(i+1)*d], int(ids[i]), int(ids[i])+1)
			}
		})
		return
	}
	kernel.Embed(w, y, p.Value, ids, p.Shape[1])
}

// ZeroGrad forgets the gradient. Call it before the first batch of a step.
func (p *Param) ZeroGrad() { p.touched = false }

// UseGrad puts the gradient into memory that the caller gives: zeros, as many as Value has. Call it before the first
// gradient is computed.
func (p *Param) UseGrad(memory []float32) { p.grad = memory }

// Grad returns the gradient summed since ZeroGrad, laid out like Value. Its memory stays the same for the
// life of p.
func (p *Param) Grad() []float32 {
	if !p.touched {
		p.rowSink(nil)
	}
	return p.grad
}

// GradRows returns the rows of Grad that may differ from zero, in ascending order, or nil for all. A table that is only
// looked up, as the embedding of an untied model, has the rows of the batches since ZeroGrad.
func (p *Param) GradRows() []int32 {
	if p.touched && p.dense {
		return nil
	}
	rows := []int32{}
	for r, marked := range p.marked {
		if marked && p.touched {
			rows = append(rows, int32(r))
		}
	}
	return rows
}

// AddGradRows adds rows to those that may differ from zero, because somebody else has changed Grad there.
func (p *Param) AddGradRows(rows []int32) { p.rowSink(rows) }

// sink returns where an operation puts its share of the gradient, and whether it must add to it: the first
// one since ZeroGrad overwrites, which spares a pass to clear and a pass to read.
func (p *Param) sink() (grad []float32, accumulate bool) {
	if p.grad == nil {
		p.grad = pages.Floats(len(p.Value))
	}
	accumulate = p.touched
	p.touched, p.dense = true, true
	return p.grad, accumulate
}

// zeroedSink returns where an operation adds its share of the gradient.
func (p *Param) zeroedSink() []float32 {
	grad, accumulate := p.sink()
	if !accumulate {
		clear(grad)
	}
	return grad
}

// rowSink returns where an operation adds its share of the gradient, when it lies in the given rows of a table
// [rows, width]. Of what the step before left, only the rows that it touched are cleared.
func (p *Param) rowSink(rows []int32) []float32 {
	if p.grad == nil {
		p.grad = pages.Floats(len(p.Value))
	}
	if p.marked == nil {
		p.marked = make([]bool, p.Shape[0])
	}
	if !p.touched {
		p.clear()
		p.touched, p.dense = true, false
	}
	if !p.dense {
		for _, r := range rows {
			p.marked[r] = true
		}
	}
	return p.grad
}

// clear makes the gradient zero.
func (p *Param) clear() {
	if p.dense {
		clear(p.grad)
	} else {
		width := len(p.Value) / len(p.marked)
		for r, marked := range p.marked {
			if marked {
				clear(p.grad[r*width : (r+1)*width])
			}
		}
	}
	clear(p.marked)
}

// FirstNonFinite returns the name of a parameter that holds a NaN or an infinity, "" if none does. A huge learning
// rate can make one of finite gradients.
func FirstNonFinite(params []*Param) string {
	for _, p := range params {
		var sum float32
		for _, v := range p.Value {
			sum += 0 * v // 0 for every finite v, else NaN
		}
		if sum != 0 {
			return p.Name
		}
	}
	return ""
}
