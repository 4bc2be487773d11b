package vocabulary

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"math"
	"slices"
)

// counts counts texts (words, or whole lines).
type counts struct {
	seed  maphash.Seed
	text  []byte  // the texts, end to end
	units []unit  // in any order until sort
	index []int32 // a hash table with open addressing: the unit's number plus one, 0: free
	hash  []uint32
	full  bool // texts were left out: there are more than 32 bits can address
}

// unit is a text that occurs.
type unit struct {
	start, size uint32 // in counts.text
	count       int64  // of occurrences
	last        int64  // of those that end a line
}

func newCounts() *counts { return &counts{seed: maphash.MakeSeed(), index: make([]int32, 1<<10)} }

func (c *counts) reset() {
	c.text, c.units, c.hash = c.text[:0], c.units[:0], c.hash[:0]
	clear(c.index)
}

func (c *counts) of(u unit) []byte { return c.text[u.start : u.start+u.size] }

// add counts a text.
func (c *counts) add(text []byte, count, last int64) {
	hash := uint32(maphash.Bytes(c.seed, text))
	mask := uint32(len(c.index) - 1)
	at := hash & mask
	for ; c.index[at] != 0; at = (at + 1) & mask {
		n := c.index[at] - 1
		if u := &c.units[n]; c.hash[n] == hash && bytes.Equal(c.of(*u), text) {
			u.count += count
			u.last += last
			return
		}
	}
	if len(c.text)+len(text) > math.MaxUint32 || len(c.units) == math.MaxInt32/2 {
		c.full = true
		return
	}
	c.units = append(c.units, unit{uint32(len(c.text)), uint32(len(text)), count, last})
	c.hash = append(c.hash, hash)
	c.text = append(c.text, text...)
	c.index[at] = int32(len(c.units))
	if 2*len(c.units) > len(c.index) {
		c.grow()
	}
}

func (c *counts) grow() {
	c.index = make([]int32, 2*len(c.index))
	mask := uint32(len(c.index) - 1)
	for n, hash := range c.hash {
		at := hash & mask
		for ; c.index[at] != 0; at = (at + 1) & mask {
		}
		c.index[at] = int32(n + 1)
	}
}

// merge adds what o has counted.
func (c *counts) merge(o *counts) {
	for _, u := range o.units {
		c.add(o.of(u), u.count, u.last)
	}
}

// sort orders the units: the frequent ones first, those as frequent by their text. No unit can be added afterwards.
func (c *counts) sort() {
	c.index, c.hash = nil, nil
	slices.SortFunc(c.units, func(a, b unit) int {
		return cmp.Or(cmp.Compare(b.count, a.count), bytes.Compare(c.of(a), c.of(b)))
	})
}
