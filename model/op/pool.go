package op

import "gorgonia.org/tensor"

// pool recycles the buffers of one graph. A buffer is handed out with the number of operations that will
// read it; the last of them returns it. gorgonia itself recycles almost nothing.
type pool struct {
	free []*buffer
	used map[*tensor.Dense]*buffer

	total, live, peak int // elements allocated, handed out, and the most ever handed out at once
}

type buffer struct {
	data  []float32
	users int
}

func newPool() *pool { return &pool{used: make(map[*tensor.Dense]*buffer)} }

// get returns a matrix [rows, cols] with undefined content.
func (p *pool) get(rows, cols, users int) matrix {
	n := rows * cols
	b := p.take(n)
	b.users = users
	t := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(b.data[:n:n]))
	p.used[t] = b
	p.live += cap(b.data)
	p.peak = max(p.peak, p.live)
	return matrix{rows: rows, cols: cols, data: b.data[:n:n], dense: t}
}

// take returns the smallest free buffer that holds n elements and wastes at most half of itself, or a new one.
func (p *pool) take(n int) *buffer {
	best := -1
	for i, b := range p.free {
		if size := cap(b.data); size >= n && size <= 2*n && (best < 0 || size < cap(p.free[best].data)) {
			best = i
		}
	}
	if best < 0 {
		p.total += n
		return &buffer{data: make([]float32, n)}
	}
	b := p.free[best]
	last := len(p.free) - 1
	p.free[best] = p.free[last]
	p.free = p.free[:last]
	b.data = b.data[:cap(b.data)]
	return b
}

// retain tells that t has more users.
func (p *pool) retain(t *tensor.Dense, users int) {
	if b, ok := p.used[t]; ok {
		b.users += users
	}
}

// release tells that one user of t is done. Tensors that are not from this pool are ignored.
func (p *pool) release(t *tensor.Dense) {
	b, ok := p.used[t]
	if !ok {
		return
	}
	if b.users--; b.users == 0 {
		p.put(t, b)
	}
}

func (p *pool) put(t *tensor.Dense, b *buffer) {
	delete(p.used, t)
	p.live -= cap(b.data)
	p.free = append(p.free, b)
}

// reset takes every buffer back. Batches of ever new shapes leave buffers that fit nothing any more; when they
// outweigh what a run really needed, all are dropped and the next run allocates what it needs.
func (p *pool) reset() {
	for t, b := range p.used {
		p.put(t, b)
	}
	if p.total > 2*p.peak {
		p.free, p.total, p.peak = nil, 0, 0
	}
}
