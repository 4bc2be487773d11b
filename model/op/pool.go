package op

import (
	"slices"
	"unsafe"

	"gorgonia.org/tensor"

	"t5train/model/kernel/pages"
)

// pool is the memory of one graph's values. A block is handed out with the number of operations that will read it; the
// last of them returns it. gorgonia itself recycles almost nothing.
//
// Blocks are cut from few large slabs and joined again when they are free, so batches of ever new shapes need no more
// than the largest of them and a little waste.
type pool struct {
	slabs [][]float32
	total int     // elements of the slabs
	free  []block // by slab and position, neighbours joined
	used  map[*tensor.Dense]*allocation
}

// block is the elements from begin to end of a slab.
type block struct{ slab, begin, end int }

func (p block) size() int { return p.end - p.begin }

// allocation is a block that users operations have yet to read.
type allocation struct {
	block
	users int
}

const (
	// The size of a block is a multiple of a cache line.
	lineElements = 16

	// The least size of a slab, 1 MB. Each is also at least a quarter of those before it: a block lies within one slab,
	// so few large ones waste less than many. What is never written takes no memory.
	slabElements = 1 << 18
)

func newPool() *pool { return &pool{used: make(map[*tensor.Dense]*allocation)} }

// get returns a matrix [rows, cols] with undefined content.
func (p *pool) get(rows, cols, users int) Matrix {
	data, at := p.cut(rows * cols)
	t := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(data))
	p.used[t] = &allocation{at, users}
	return Matrix{Rows: rows, Cols: cols, Data: data, dense: t}
}

// halves returns a matrix [rows, cols] in bfloat16, with undefined content.
func (p *pool) halves(rows, cols, users int) Matrix {
	data, at := p.cut(rows * cols / 2)
	elements := unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(data))), rows*cols)
	t := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(elements))
	p.used[t] = &allocation{at, users}
	return Matrix{Rows: rows, Cols: cols, Data: data, dense: t, halves: true}
}

func (p *pool) cut(n int) ([]float32, block) {
	at := p.take((n + lineElements - 1) / lineElements * lineElements)
	return p.slabs[at.slab][at.begin : at.begin+n : at.begin+n], at
}

// take cuts n elements from the smallest free block that has them, or from a new slab.
func (p *pool) take(n int) block {
	best := -1
	for i, f := range p.free {
		if f.size() >= n && (best < 0 || f.size() < p.free[best].size()) {
			best = i
		}
	}
	if best < 0 {
		size := max(n, slabElements, p.total/4)
		best = len(p.free)
		p.free = append(p.free, block{len(p.slabs), 0, size})
		p.slabs = append(p.slabs, pages.Floats(size))
		p.total += size
	}
	f := &p.free[best]
	cut := block{f.slab, f.begin, f.begin + n}
	if f.begin = cut.end; f.size() == 0 {
		p.free = slices.Delete(p.free, best, best+1)
	}
	return cut
}

// retain adds users of t.
func (p *pool) retain(t *tensor.Dense, users int) {
	if l, ok := p.used[t]; ok {
		l.users += users
	}
}

// release counts a user of t out. Tensors that are not from this pool are ignored.
func (p *pool) release(t *tensor.Dense) {
	l, ok := p.used[t]
	if !ok {
		return
	}
	if l.users--; l.users == 0 {
		delete(p.used, t)
		p.put(l.block)
	}
}

// put takes a block back and joins it with its neighbours.
func (p *pool) put(x block) {
	i, _ := slices.BinarySearchFunc(p.free, x, func(a, b block) int {
		if a.slab != b.slab {
			return a.slab - b.slab
		}
		return a.begin - b.begin
	})
	if i < len(p.free) && p.free[i].slab == x.slab && p.free[i].begin == x.end {
		x.end = p.free[i].end
		p.free = slices.Delete(p.free, i, i+1)
	}
	if i > 0 && p.free[i-1].slab == x.slab && p.free[i-1].end == x.begin {
		p.free[i-1].end = x.end
		return
	}
	p.free = slices.Insert(p.free, i, x)
}

// reset takes everything back.
func (p *pool) reset() {
	clear(p.used)
	p.free = p.free[:0]
	for i, slab := range p.slabs {
		p.free = append(p.free, block{i, 0, len(slab)})
	}
}
