package optim

// Param is one trainable tensor with its gradient. Value and Grad hold the product of Shape elements, row
// after row; Step changes Value in place and only reads Grad.
type Param struct {
	Name  string
	Shape []int
	Value []float32
	Grad  []float32
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

// Parallel calls f once for each task from 0 to tasks-1, on any threads and in any order, and returns when
// all are done. A nil Parallel runs the tasks one after another.
type Parallel func(tasks int, f func(task int))

// blockSize is the number of elements one task updates: 256 KiB of float32, which with its gradient and one
// state tensor fits a core's L2 cache. The results depend on it, through the order of sums.
const blockSize = 1 << 16

// largeTensor is the size from which a tensor's blocks are shared among the threads. Below, one thread
// takes the whole tensor, which then stays in its cache from one pass to the next.
const largeTensor = 16 * blockSize

func (p Parallel) run(tasks int, f func(task int)) {
	if p != nil && tasks > 1 {
		p(tasks, f)
		return
	}
	for task := range tasks {
		f(task)
	}
}

// eachBlock calls f for the fixed blocks [from, to) of n elements.
func (p Parallel) eachBlock(n int, f func(block, from, to int)) {
	p.run(blocks(n), func(block int) {
		f(block, block*blockSize, min(n, (block+1)*blockSize))
	})
}

// blocks is the number of blocks that n elements make.
func blocks(n int) int { return (n + blockSize - 1) / blockSize }

// eachTensor calls f for every parameter: small ones side by side, each on one thread, then the large ones
// in turn. within is what f spreads the parameter's blocks with.
func (p Parallel) eachTensor(params []Param, f func(i int, within Parallel)) {
	var small, large []int
	for i := range params {
		if len(params[i].Value) < largeTensor {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	p.run(len(small), func(task int) { f(small[task], nil) })
	for _, i := range large {
		f(i, p)
	}
}
