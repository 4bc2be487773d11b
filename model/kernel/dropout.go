package kernel

import "math"

// Dropout describes one dropout of one forward pass. Whether an element is kept is a pure function of Seed, Pass,
// Op and the element's position, so the backward pass makes the mask again and nothing is stored.
type Dropout struct {
	Rate float32 // probability to drop, in [0, 1); 0 is off
	Seed uint64
	Pass uint32 // counts forward passes, so that no two see the same masks
	Op   uint32 // number of the dropout in a forward pass
}

// Off reports whether nothing is dropped.
func (p Dropout) Off() bool { return p.Rate == 0 }

// lanes is how many elements one call of the generator decides: 128 bits, 16 bits an element.
const lanes = 8

// threshold and scale are Rate on the 16-bit grid: an element is dropped when its 16 random bits are below
// the threshold, and a kept one is multiplied by the inverse of the exact probability to be kept, so the
// expectation is unchanged. A positive rate below the grid drops one in 65,536.
func (p Dropout) threshold() (below uint16, scale float32) {
	t := math.Round(float64(p.Rate) * 65536)
	t = min(max(t, 1), 65535)
	return uint16(t), float32(65536 / (65536 - t))
}

// Scale is what kept elements are multiplied by.
func (p Dropout) Scale() float32 {
	if p.Off() {
		return 1
	}
	_, scale := p.threshold()
	return scale
}

// philoxWords are the input of Philox: two keys for each of ten rounds, and the counter of the first element.
type philoxWords = [24]uint32

// masker applies a dropout to rows, one after the other.
type masker struct {
	loops *rowLoops
	words philoxWords
	below uint16
	scale float32
}

func (p Dropout) masker(l *rowLoops) *masker {
	below, scale := p.threshold()
	m := &masker{loops: l, below: below, scale: scale}
	key0, key1 := uint32(p.Seed), uint32(p.Seed>>32)
	for r := range uint32(10) {
		m.words[2*r], m.words[2*r+1] = key0+r*philoxKey0, key1+r*philoxKey1
	}
	m.words[22], m.words[23] = p.Op, p.Pass
	return m
}

// row multiplies the elements of one row by 0 or 1/(1-rate). The row number and the column decide the mask.
func (m *masker) row(y, x []float32, row uint32) {
	m.words[21] = row
	m.loops.dropout(y, x, &m.words, m.below, m.scale)
}

// dropoutRow is the portable loop of one row.
func dropoutRow(y, x []float32, words *philoxWords, below uint16, scale float32) {
	y = y[:len(x)]
	for i := 0; i < len(x); i += lanes {
		r := philox(words, words[20]+uint32(i/lanes))
		for j := i; j < min(i+lanes, len(x)); j++ {
			bits := uint16(r[(j-i)/2] >> (16 * uint(j&1)))
			if bits < below {
				y[j] = 0
			} else {
				y[j] = x[j] * scale
			}
		}
	}
}

// Rows applies the dropout to x [rows, d]. y may be x.
func (p Dropout) Rows(w *Workers, y, x []float32, rows, d int) {
	w = w.orDefault()
	w.Rows(rows, grainFor(d), func(lo, hi int) {
		m := p.masker(&w.isa.loops)
		for r := lo; r < hi; r++ {
			m.row(y[r*d:(r+1)*d], x[r*d:(r+1)*d], uint32(r))
		}
	})
}

// Philox4x32-10: Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
const (
	philoxMul0 = 0xD2511F53
	philoxMul1 = 0xCD9E8D57
	philoxKey0 = 0x9E3779B9 // golden ratio
	philoxKey1 = 0xBB67AE85 // sqrt(3)-1
)

// philox returns the random numbers of one counter: words with another first word.
func philox(words *philoxWords, c0 uint32) [4]uint32 {
	c1, c2, c3 := words[21], words[22], words[23]
	for r := range 10 {
		p0 := uint64(philoxMul0) * uint64(c0)
		p1 := uint64(philoxMul1) * uint64(c2)
		c0, c1, c2, c3 = uint32(p1>>32)^c1^words[2*r], uint32(p1), uint32(p0>>32)^c3^words[2*r+1], uint32(p0)
	}
	return [4]uint32{c0, c1, c2, c3}
}
