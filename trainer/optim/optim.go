package optim

import (
	"fmt"
	"iter"
	"slices"

	"t5train/model/kernel"
)

// Param is one trainable tensor with its gradient. Value and Grad hold the product of Shape elements, row
// after row; Step changes Value in place and only reads Grad.
type Param struct {
	Name  string
	Shape []int
	Value []float32
	Grad  []float32

	// Rows are the rows of Grad that may differ from zero, in ascending order; nil means all. A row is the elements of
	// the last dimension. An embedding that is only looked up has few: results are the same bits without them, slower.
	Rows []int32

	Rate    float64 // factor of the learning rate; 0 is 1
	NoDecay bool    // weight decay leaves the parameter alone
}

// rate is the factor of the learning rate.
func (p Param) rate() float64 {
	if p.Rate == 0 {
		return 1
	}
	return p.Rate
}

// decay is the weight decay of the parameter, where that of others is given.
func (p Param) decay(weightDecay float64) float64 {
	if p.NoDecay {
		return 0
	}
	return weightDecay
}

// cols is the length of a row.
func (p Param) cols() int {
	if len(p.Shape) == 0 {
		return 1
	}
	return p.Shape[len(p.Shape)-1]
}

func (p Param) rows() int      { return len(p.Value) / p.cols() }
func (p Param) blockRows() int { return max(1, blockSize/p.cols()) }
func (p Param) rowBlocks() int { return kernel.Blocks(p.rows(), p.blockRows()) }

// gradRow is row r of the gradient.
func (p Param) gradRow(r int) []float32 {
	cols := p.cols()
	return p.Grad[r*cols : (r+1)*cols]
}

// checkRows refuses rows that touched would not find.
func (p Param) checkRows() error {
	last := int32(-1)
	for i, r := range p.Rows {
		if r <= last || int(r) >= p.rows() {
			return fmt.Errorf("parameter %q has row %d in place %d of the gradient's rows, want ascending ones below "+
				"%d", p.Name,
				r, i, p.rows())
		}
		last = r
	}
	return nil
}

// touched yields the rows of [from, to) whose gradient may differ from zero.
func (p Param) touched(from, to int) iter.Seq[int] {
	return func(yield func(int) bool) {
		if p.Rows == nil {
			for r := from; r < to && yield(r); r++ {
			}
			return
		}
		first, _ := slices.BinarySearch(p.Rows, int32(from))
		for _, r := range p.Rows[first:] {
			if int(r) >= to || !yield(int(r)) {
				return
			}
		}
	}
}

// Optimizer updates the parameters it was made for.
type Optimizer interface {
	// Step applies one update with learning rate lr, the value of a Schedule at this step. The parameters
	// are those of the constructor, in its order; their slices may be others at every step. A wrong
	// parameter is an error and changes nothing.
	Step(lr float64, params []Param) error
	// State returns all that Step remembers, in a fixed order: the counter "step", then tensors named
	// "<parameter>/<slot>". Data is the optimizer's own memory: write or copy it before the next Step.
	State() []StateTensor
	// Load copies in what State returned, in any order. A missing, unknown or misshapen tensor is an
	// error and changes nothing.
	Load(state []StateTensor) error
}

// spread calls f once for each task from 0 to tasks-1, in any order, and returns when all are done. It is the Run of
// kernel.Workers, or alone.
type spread func(tasks int, f func(task int))

// alone runs the tasks on the thread of the caller.
func alone(tasks int, f func(task int)) {
	for task := range tasks {
		f(task)
	}
}

// blockSize is the number of elements one task updates: 256 KiB of float32, which with its gradient and one
// state tensor fits a core's L2 cache. The results depend on it, through the order of sums.
const blockSize = 1 << 16

// largeTensor is the size from which a tensor's blocks are shared among the threads. Below, one thread
// takes the whole tensor, which then stays in its cache from one pass to the next.
const largeTensor = 16 * blockSize

// eachBlock calls f for the fixed blocks [from, to) of n elements.
func (run spread) eachBlock(n int, f func(block, from, to int)) {
	run(kernel.Blocks(n, blockSize), func(block int) {
		f(block, block*blockSize, min(n, (block+1)*blockSize))
	})
}

// eachRow calls f for the rows of p whose gradient may differ from zero. A block is a fixed run of rows that one thread
// takes in order; there are p.rowBlocks() of them.
func (run spread) eachRow(p Param, f func(block, r int)) {
	step := p.blockRows()
	run(p.rowBlocks(), func(block int) {
		for r := range p.touched(block*step, min(p.rows(), (block+1)*step)) {
			f(block, r)
		}
	})
}

// eachTensor calls f for every parameter: small ones side by side, each on one thread, then the large ones
// in turn. within is what f spreads the parameter's blocks with.
func eachTensor(w *kernel.Workers, params []Param, f func(i int, within spread)) {
	var small, large []int
	for i := range params {
		if len(params[i].Value) < largeTensor {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	w.Run(len(small), func(task int) { f(small[task], alone) })
	for _, i := range large {
		f(i, w.Run)
	}
}

// total adds in order, so that the sum does not depend on who filled x.
func total(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum
}

// require returns an error about the value of an option unless it is right.
func require(right bool, name string, value any, want string) error {
	if right {
		return nil
	}
	return fmt.Errorf("%s is %v, want %s", name, value, want)
}
