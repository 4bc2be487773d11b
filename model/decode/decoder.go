package decode

import (
	"t5train/model"
	"t5train/model/kernel"
)

// decoder runs the decoder of a model one position at a time, for several rows in parallel. A row is a
// sequence under construction; rows may share an input.
type decoder struct {
	model   *model.T5
	workers *kernel.Workers
	step    int // position of the next token

	// Inputs: row r attends to the encoder tokens inputStart[r]..+inputLength[r], whose keys and values are in
	// cross, [encoder tokens, 2*inner] for each layer.
	cross                   [][]float32
	inputStart, inputLength []int32

	// self holds the keys and values so far, [places, capacity, 2*inner] for each layer.
	self     [][]float32
	capacity int
	place    []int         // of each row
	places   []place       // at least as many as rows
	bias     []kernel.Bias // one for each layer; layers that share a table share the values

	buffers buffers
}

// place is where self has room for one row.
type place struct {
	inputStart int32   // of the row that wrote it last
	ids        []int32 // the tokens that it was fed, one for each position
}

// buffers are the activations of one step.
type buffers struct {
	x, normed, qkv, q, context, wide, inner []float32
	inverse, stats                          []float32
	queryOffsets, keyStart, keyLength       []int32
	inputs                                  inputGroups
}

// inputGroups are the runs of neighbouring rows that share an input: they attend to it together, so that its keys and values
// are read once.
type inputGroups struct {
	offsets, keyStart, keyLength []int32
}

// newDecoder prepares one row for each sequence of the encoder output hidden [tokens, d_model]. capacity, at least 1, is
// the number of positions that the first cache has room for.
func newDecoder(m *model.T5, w *kernel.Workers, hidden []float32, offsets []int32, capacity int) *decoder {
	d := &decoder{model: m, workers: w, bias: make([]kernel.Bias, len(m.Decoder.Block))}
	tokens := len(hidden) / m.Config.DModel
	for _, b := range m.Decoder.Block {
		inner := b.EncDecAttention.Heads * b.EncDecAttention.DKV
		kv := make([]float32, tokens*2*inner)
		d.linear(kv, 2*inner, 0, hidden, tokens, b.EncDecAttention.K.Value, inner)
		d.linear(kv, 2*inner, inner, hidden, tokens, b.EncDecAttention.V.Value, inner)
		d.cross = append(d.cross, kv)
		d.self = append(d.self, nil)
	}
	for s := range len(offsets) - 1 {
		d.inputStart = append(d.inputStart, offsets[s])
		d.inputLength = append(d.inputLength, offsets[s+1]-offsets[s])
		d.place = append(d.place, s)
		d.places = append(d.places, place{inputStart: offsets[s]})
	}
	d.reserve(capacity)
	return d
}

func (d *decoder) rows() int { return len(d.inputStart) }

// innerDim is the width of the concatenated heads.
func (d *decoder) innerDim() int { return d.model.Config.NumHeads * d.model.Config.DKV }

// reserve makes room for capacity positions at every place.
func (d *decoder) reserve(capacity int) {
	d.move(capacity)
	var bias kernel.Bias
	for l, b := range d.model.Decoder.Block {
		if a := b.SelfAttention; a.RelativeAttentionBias != nil {
			bias = kernel.Bias{Length: capacity, Values: make([]float32, a.Heads*(2*capacity-1))}
			a.Buckets.Spread(bias.Values, a.RelativeAttentionBias.Value, a.Heads, capacity)
		}
		d.bias[l] = bias
	}
}

// move makes self anew, for all places with so many positions each.
func (d *decoder) move(capacity int) {
	width := 2 * d.innerDim()
	before := d.capacity * width // elements of a place
	for l, old := range d.self {
		d.self[l] = make([]float32, len(d.places)*capacity*width)
		for p := 0; p*before < len(old); p++ {
			copy(d.self[l][p*capacity*width:], old[p*before:p*before+d.step*width])
		}
	}
	d.capacity = capacity
}

// choose replaces the rows: the new row i continues the old row parents[i]. It drops finished rows and branches.
//
// Keys and values mostly stay where they are: the first that continues a row takes over its place. Any other takes the place
// of a row that nothing continues, where it writes what differs. The beams of an input have most of their tokens in common,
// so that is little.
func (d *decoder) choose(parents []int) {
	taken := make([]bool, len(d.places))
	rows := make([]int, len(parents)) // their places
	var branches []int                // new rows that need one
	for i, p := range parents {
		if rows[i] = d.place[p]; taken[rows[i]] {
			branches = append(branches, i)
		}
		taken[rows[i]] = true
	}
	for _, i := range branches {
		from := rows[i]
		to, common := d.freePlace(taken, from)
		if to == len(d.places) {
			for range max(1, len(parents)-len(d.places)) {
				d.places = append(d.places, place{})
				taken = append(taken, false)
			}
			d.move(d.capacity)
		}
		d.copyPlace(to, from, common)
		taken[to], rows[i] = true, to
	}
	start, length := make([]int32, len(parents)), make([]int32, len(parents))
	for i, p := range parents {
		start[i], length[i] = d.inputStart[p], d.inputLength[p]
	}
	d.place, d.inputStart, d.inputLength = rows, start, length
}

// freePlace returns a place that is not taken and has the most first positions in common with another, and how many; if all
// are taken, the number of places.
func (d *decoder) freePlace(taken []bool, other int) (free, common int) {
	free = len(d.places)
	want := d.places[other]
	for p, have := range d.places {
		if taken[p] {
			continue
		}
		same := 0
		if have.inputStart == want.inputStart { // what keys and values hold depends on the input too
			for same < len(have.ids) && same < len(want.ids) && have.ids[same] == want.ids[same] {
				same++
			}
		}
		if free == len(d.places) || same > common {
			free, common = p, same
		}
	}
	return free, common
}

// copyPlace makes a place like another one; the first positions are so already.
func (d *decoder) copyPlace(to, from, already int) {
	width := 2 * d.innerDim()
	for _, kv := range d.self {
		copy(kv[(to*d.capacity+already)*width:(to*d.capacity+d.step)*width], kv[(from*d.capacity+already)*width:])
	}
	p := &d.places[to]
	p.inputStart, p.ids = d.places[from].inputStart, append(p.ids[:already], d.places[from].ids[already:]...)
}

// linear writes x [rows, in]·weightᵀ to the columns of y that start at column; y has the given stride.
func (d *decoder) linear(y []float32, stride, column int, x []float32, rows int, weight []float32, out int) {
	in := len(weight) / out
	kernel.Gemm(d.workers, false, true, rows, out, in, x, in, weight, in, false, y[column:], stride)
}

// addLinear adds x [rows, in]·weightᵀ to y [rows, d_model].
func (d *decoder) addLinear(y, x []float32, rows int, weight []float32) {
	dModel := d.model.Config.DModel
	in := len(weight) / dModel
	kernel.Gemm(d.workers, false, true, rows, dModel, in, x, in, weight, in, true, y, dModel)
}

func (d *decoder) norm(l model.LayerNorm, x []float32, rows int) []float32 {
	b := &d.buffers
	b.normed, b.inverse = resize(b.normed, len(x)), resize(b.inverse, rows)
	kernel.RMSNorm(d.workers, b.normed, x, l.Weight.Value, l.Epsilon, b.inverse)
	return b.normed
}

// next feeds one token to every row and returns the decoder's output for it, [rows, d_model], scaled as lm_head wants
// it. The result is overwritten by the next call.
func (d *decoder) next(ids []int32) []float32 {
	if d.step == d.capacity {
		d.reserve(2 * d.capacity)
	}
	rows, c, buf := d.rows(), d.model.Config, &d.buffers
	buf.x = resize(buf.x, rows*c.DModel)
	x := buf.x
	kernel.Embed(d.workers, x, d.model.Shared.Value, ids, c.DModel)
	buf.queryOffsets = buf.queryOffsets[:0]
	for r, id := range ids {
		p := &d.places[d.place[r]]
		p.ids = append(p.ids, id)
	}
	for r := range rows + 1 {
		buf.queryOffsets = append(buf.queryOffsets, int32(r))
	}
	d.groupInputs()
	for l, b := range d.model.Decoder.Block {
		d.selfAttention(x, b, l)
		d.crossAttention(x, b, l)
		d.feedForward(x, b)
	}
	d.step++
	out := d.norm(d.model.Decoder.FinalLayerNorm, x, rows)
	scale := c.LogitScale()
	for i := range out {
		out[i] *= scale
	}
	return out
}

func (d *decoder) groupInputs() {
	g := &d.buffers.inputs
	g.offsets, g.keyStart, g.keyLength = g.offsets[:0], g.keyStart[:0], g.keyLength[:0]
	for r, start := range d.inputStart {
		if r == 0 || start != d.inputStart[r-1] {
			g.offsets, g.keyStart, g.keyLength = append(g.offsets, int32(r)), append(g.keyStart, start), append(g.keyLength, d.inputLength[r])
		}
	}
	g.offsets = append(g.offsets, int32(d.rows()))
}

func (d *decoder) selfAttention(x []float32, b model.Block, layer int) {
	a, rows, inner, buf := b.SelfAttention, d.rows(), d.innerDim(), &d.buffers
	normed := d.norm(b.SelfAttentionNorm, x, rows)
	buf.q, buf.qkv = resize(buf.q, rows*inner), resize(buf.qkv, rows*2*inner)
	d.linear(buf.q, inner, 0, normed, rows, a.Q.Value, inner)
	d.linear(buf.qkv, 2*inner, 0, normed, rows, a.K.Value, inner)
	d.linear(buf.qkv, 2*inner, inner, normed, rows, a.V.Value, inner)
	cache := d.self[layer]
	buf.keyStart, buf.keyLength = buf.keyStart[:0], buf.keyLength[:0]
	for r, place := range d.place {
		copy(cache[(place*d.capacity+d.step)*2*inner:], buf.qkv[r*2*inner:(r+1)*2*inner])
		buf.keyStart = append(buf.keyStart, int32(place*d.capacity))
		buf.keyLength = append(buf.keyLength, int32(d.step+1))
	}
	d.attend(a, d.bias[layer], cache, buf.queryOffsets, buf.keyStart, buf.keyLength)
	d.addLinear(x, buf.context, rows, a.O.Value)
}

func (d *decoder) crossAttention(x []float32, b model.Block, layer int) {
	a, rows, inner, buf := *b.EncDecAttention, d.rows(), d.innerDim(), &d.buffers
	buf.q = resize(buf.q, rows*inner)
	d.linear(buf.q, inner, 0, d.norm(b.EncDecAttentionNorm, x, rows), rows, a.Q.Value, inner)
	g := &buf.inputs
	d.attend(a, kernel.Bias{}, d.cross[layer], g.offsets, g.keyStart, g.keyLength)
	d.addLinear(x, buf.context, rows, a.O.Value)
}

// attend writes attention of buffers.q over the keys and values kv [any, 2*inner] to buffers.context. The rows
// offsets[i]..offsets[i+1] attend to length[i] of them from start[i] on.
func (d *decoder) attend(a model.Attention, bias kernel.Bias, kv []float32, offsets, start, length []int32) {
	rows, inner, buf := d.rows(), d.innerDim(), &d.buffers
	buf.context = resize(buf.context, rows*inner)
	buf.stats = resize(buf.stats, 2*rows*a.Heads)
	attention := kernel.Attention{
		Heads: a.Heads, Dim: a.DKV, QueryOffsets: offsets, KeyOffsets: start, KeyLengths: length,
		FirstPosition: d.step, Bias: bias, Max: buf.stats[:rows*a.Heads], Inverse: buf.stats[rows*a.Heads:],
	}
	attention.Forward(d.workers, buf.context, inner, buf.q, inner, kv, kv[inner:], 2*inner)
}

func (d *decoder) feedForward(x []float32, b model.Block) {
	f, rows, buf := b.DenseReluDense, d.rows(), &d.buffers
	dFF := d.model.Config.DFF
	width := dFF * len(f.Wi)
	normed := d.norm(b.DenseReluDenseNorm, x, rows)
	buf.wide, buf.inner = resize(buf.wide, rows*width), resize(buf.inner, rows*dFF)
	for i, wi := range f.Wi {
		d.linear(buf.wide, width, i*dFF, normed, rows, wi.Value, dFF)
	}
	if f.Gated() {
		kernel.ActivateGated(d.workers, f.Activation, buf.inner, buf.wide, rows, dFF)
	} else {
		kernel.Activate(d.workers, f.Activation, buf.inner, buf.wide, rows, dFF)
	}
	d.addLinear(x, buf.inner, rows, f.Wo.Value)
}

// resize returns buf with length n, reallocated when it is too small. The content is undefined.
func resize(buf []float32, n int) []float32 {
	if cap(buf) < n {
		return make([]float32, n)
	}
	return buf[:n]
}
