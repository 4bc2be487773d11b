package generate

import (
	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
)

// decoder runs the decoder of a model one position at a time, for several rows in parallel. A row is a
// sequence under construction; rows may share an input.
type decoder struct {
	model    *model.T5
	eager    *op.Eager
	network  model.Network[op.Matrix] // on eager
	position int                      // of the next token

	// Inputs: row r attends to the encoder tokens inputStart[r]..+inputLength[r], whose keys and values are in
	// cross, [encoder tokens, 2*inner] for each layer.
	cross                   []op.Matrix
	encoded                 op.Matrix // whose rows may have adapters
	inputStart, inputLength []int32

	// self holds the keys and values so far, [slots, capacity, 2*inner] for each layer.
	self     [][]float32
	capacity int
	slot     []int         // of each row
	slots    []slot        // at least as many as rows
	bias     []kernel.Bias // one for each layer; layers that share a table share the values

	// Where each row finds its keys in one step.
	queryOffsets, keyStart, keyLength []int32
	inputs                            inputGroups
}

// inputGroups are the runs of neighbouring rows that share an input: they attend to it together, so that its keys and
// values are read once.
type inputGroups struct {
	offsets, keyStart, keyLength []int32
}

// slot is the room in self for one row.
type slot struct {
	inputStart int32   // of the row that wrote it last
	ids        []int32 // the tokens that it was fed, one for each position
}

// newDecoder prepares one row for each sequence of the encoder output. capacity, at least 1, is the number of positions
// that the first cache has room for.
func newDecoder(m *model.T5, e *op.Eager, encoded op.Matrix, offsets []int32, capacity int) *decoder {
	blocks := m.Decoder.Block
	d := &decoder{
		model: m, eager: e, network: model.Network[op.Matrix]{Backend: e}, encoded: encoded,
		self: make([][]float32, len(blocks)), bias: make([]kernel.Bias, len(blocks)),
	}
	for _, b := range blocks {
		kv := op.Matrix{Rows: encoded.Rows, Cols: d.cacheWidth(), Data: make([]float32, encoded.Rows*d.cacheWidth())}
		e.LinearInto(kv.Data, encoded, b.EncDecAttention.K, b.EncDecAttention.V)
		d.cross = append(d.cross, kv)
	}
	for s := range len(offsets) - 1 {
		d.inputStart = append(d.inputStart, offsets[s])
		d.inputLength = append(d.inputLength, offsets[s+1]-offsets[s])
		d.slot = append(d.slot, s)
		d.slots = append(d.slots, slot{inputStart: offsets[s]})
	}
	d.reserve(capacity)
	return d
}

func (d *decoder) rows() int { return len(d.inputStart) }

// cacheWidth is the number of elements of the key and the value of one position.
func (d *decoder) cacheWidth() int { return 2 * d.model.Config.NumHeads * d.model.Config.DKV }

// reserve makes room for capacity positions at every slot.
func (d *decoder) reserve(capacity int) {
	d.move(capacity)
	var bias kernel.Bias
	for l, b := range d.model.Decoder.Block {
		if a := b.SelfAttention; a.RelativeAttentionBias != nil {
			bias = kernel.Bias{Length: capacity, Values: make([]float32, a.Heads.Count*(2*capacity-1))}
			a.Buckets.Expand(bias.Values, a.RelativeAttentionBias.Value, a.Heads.Count, capacity)
		}
		d.bias[l] = bias
	}
}

// move allocates self anew, with room for capacity positions in every slot, and copies what it held.
func (d *decoder) move(capacity int) {
	width := d.cacheWidth()
	before := d.capacity * width // elements of a slot
	for l, old := range d.self {
		d.self[l] = make([]float32, len(d.slots)*capacity*width)
		for p := 0; p*before < len(old); p++ {
			copy(d.self[l][p*capacity*width:], old[p*before:p*before+d.position*width])
		}
	}
	d.capacity = capacity
}

// reorder replaces the rows: the new row i continues the old row parents[i]. It drops finished rows and branches.
//
// Keys and values mostly stay where they are: the first that continues a row takes over its slot. Any other takes the
// slot of a row that nothing continues, where it writes what differs. The beams of an input have most of their tokens
// in common, so that is little.
func (d *decoder) reorder(parents []int) {
	taken := make([]bool, len(d.slots))
	rows := make([]int, len(parents)) // their slots
	var branches []int                // new rows that need one
	for i, p := range parents {
		if rows[i] = d.slot[p]; taken[rows[i]] {
			branches = append(branches, i)
		}
		taken[rows[i]] = true
	}
	for _, i := range branches {
		from := rows[i]
		to, common := d.freeSlot(taken, from)
		if to == len(d.slots) {
			for range max(1, len(parents)-len(d.slots)) {
				d.slots = append(d.slots, slot{})
				taken = append(taken, false)
			}
			d.move(d.capacity)
		}
		d.copySlot(to, from, common)
		taken[to], rows[i] = true, to
	}
	start, length := make([]int32, len(parents)), make([]int32, len(parents))
	for i, p := range parents {
		start[i], length[i] = d.inputStart[p], d.inputLength[p]
	}
	d.slot, d.inputStart, d.inputLength = rows, start, length
}

// freeSlot returns a slot that is not taken and has the most first positions in common with another, and how many; if
// all are taken, the number of slots.
func (d *decoder) freeSlot(taken []bool, other int) (free, common int) {
	free = len(d.slots)
	want := d.slots[other]
	for p, have := range d.slots {
		if taken[p] {
			continue
		}
		same := 0
		if have.inputStart == want.inputStart { // what keys and values hold depends on the input too
			for same < len(have.ids) && same < len(want.ids) && have.ids[same] == want.ids[same] {
				same++
			}
		}
		if free == len(d.slots) || same > common {
			free, common = p, same
		}
	}
	return free, common
}

// copySlot makes a slot like another one; the first positions are so already.
func (d *decoder) copySlot(to, from, already int) {
	width := d.cacheWidth()
	for _, kv := range d.self {
		copy(kv[(to*d.capacity+already)*width:(to*d.capacity+d.position)*width], kv[(from*d.capacity+already)*width:])
	}
	p := &d.slots[to]
	p.inputStart, p.ids = d.slots[from].inputStart, append(p.ids[:already], d.slots[from].ids[already:]...)
}

// next feeds one token to every row and returns the decoder's output for it, [rows, d_model], scaled as lm_head wants
// it. The result is overwritten by the next call.
func (d *decoder) next(ids []int32) op.Matrix {
	if d.position == d.capacity {
		d.reserve(2 * d.capacity)
	}
	for r, id := range ids {
		p := &d.slots[d.slot[r]]
		p.ids = append(p.ids, id)
	}
	d.queryOffsets = d.queryOffsets[:0]
	for r := range d.rows() + 1 {
		d.queryOffsets = append(d.queryOffsets, int32(r))
	}
	d.groupInputs()
	tokens := op.Ragged{IDs: ids}
	if d.encoded.HasAdapters() {
		for _, start := range d.inputStart {
			tokens.Adapters = append(tokens.Adapters, d.encoded.AdapterOf(start))
		}
	}
	x := d.eager.Embed(d.model.Shared, &tokens)
	for l, b := range d.model.Decoder.Block {
		x = d.selfAttention(b, l, x)
		x = d.crossAttention(b, l, x)
		x = d.network.FeedForward(b.FeedForward, b.FeedForwardNorm, x)
	}
	d.position++
	x = d.network.FinalNorm(d.model.Decoder, x)
	scale(x, d.model.Config.LogitScale())
	return x
}

func (d *decoder) groupInputs() {
	g := &d.inputs
	g.offsets, g.keyStart, g.keyLength = g.offsets[:0], g.keyStart[:0], g.keyLength[:0]
	for r, start := range d.inputStart {
		if r == 0 || start != d.inputStart[r-1] {
			g.offsets, g.keyStart, g.keyLength = append(g.offsets, int32(r)), append(g.keyStart,
				start), append(g.keyLength, d.inputLength[r])
		}
	}
	g.offsets = append(g.offsets, int32(d.rows()))
}

// selfAttention is that of the network with the keys and values so far.
func (d *decoder) selfAttention(b model.Block, layer int, x op.Matrix) op.Matrix {
	a, width := b.SelfAttention, d.cacheWidth()
	qkv := d.eager.Linear(d.network.Norm(b.SelfAttentionNorm, x), a.Q, a.K, a.V)
	cache := op.Matrix{Cols: width, Data: d.self[layer]}
	d.keyStart, d.keyLength = d.keyStart[:0], d.keyLength[:0]
	for r, slot := range d.slot {
		row := qkv.Data[r*qkv.Cols : (r+1)*qkv.Cols]
		copy(cache.Data[(slot*d.capacity+d.position)*width:], row[len(row)-width:])
		d.keyStart = append(d.keyStart, int32(slot*d.capacity))
		d.keyLength = append(d.keyLength, int32(d.position+1))
	}
	heads := a.Heads
	heads.Causal = false // the cache ends at the query
	y := d.eager.Attention(qkv, cache, heads, kernel.Attention{
		QueryOffsets: d.queryOffsets, KeyOffsets: d.keyStart, KeyLengths: d.keyLength, FirstPosition: d.position,
		Bias: d.bias[layer],
	})
	return d.eager.AddLinear(x, y, a.O)
}

// crossAttention is that of the network with the keys and values of the inputs.
func (d *decoder) crossAttention(b model.Block, layer int, x op.Matrix) op.Matrix {
	a := b.EncDecAttention
	q := d.eager.Linear(d.network.Norm(b.EncDecAttentionNorm, x), a.Q)
	y := d.eager.Attention(q, d.cross[layer], a.Heads, kernel.Attention{
		QueryOffsets: d.inputs.offsets, KeyOffsets: d.inputs.keyStart, KeyLengths: d.inputs.keyLength,
		FirstPosition: d.position,
	})
	return d.eager.AddLinear(x, y, a.O)
}
