package data

import (
	"fmt"
	"math"
	"math/bits"
	"sort"

	"t5train/internal/random"
)

// Component is one of the sources of a Mixture.
type Component struct {
	Name   string
	Source Source
	Rate   float64 // its share of the examples, in proportion to the rates of the others; above 0

	// EpochShare is how much of its source an epoch of the mixture counts, for components that make different examples
	// of the same text: those of one text together count it once if their shares add up to 1. 0 counts the whole
	// source.
	EpochShare float64
}

// Mixture is a Source that interleaves others. Each component repeats without end, in a new order each time, and takes
// its share of the examples. An epoch of the mixture is as many examples as its components have together, as far as
// they count: with rates in proportion to their sizes, each example about once.
//
// The components take turns as evenly as their rates allow: example n of a component with rate r, of rates that add up
// to 1, is due at time (n+1/2)/r, and whoever is due first comes next. With rates 3/4 and 1/4:
//
//	A is due at 2/3, 2, 10/3, 14/3, 6, 22/3, ...
//	B is due at 2, 6, ...
//	turns:      A A B A  A A B A  ...
//
// So p examples of a mixture of K components hold p r of each component, up to 1/2 + r K/2: drawing a component for
// each example, as others do, would leave to chance what a batch holds.
//
// Which component is due at a position is computed, not counted, and only in integers, so any position is reached at
// once. The order of a mixture is its own, also as a component of another one.
type Mixture struct {
	components []Component // their sources shuffled
	weights    []uint64
	len        int
}

// rateUnit is the sum of the weights, which are the rates in 2^-32: fine enough for any mixture, and coarse enough to
// hide the last bits in which a rate may differ between processors.
const rateUnit = 1 << 32

// NewMixture returns the mixture of the components. A component's order depends on the seed and on its number in the
// list.
func NewMixture(components []Component, seed uint64) (*Mixture, error) {
	m := &Mixture{}
	total := 0.0
	for i, c := range components {
		switch {
		case !(c.Rate > 0 && c.Rate <= math.MaxFloat64):
			return nil, fmt.Errorf("mix components: %s has rate %g, want a number above 0: leave out "+
				"what is not to be read", c.Name, c.Rate)
		case !(c.EpochShare >= 0 && c.EpochShare <= 1):
			return nil, fmt.Errorf("mix components: %s has an epoch share of %g, want from 0 to 1", c.Name,
				c.EpochShare)
		case c.Source.Len() == 0:
			return nil, fmt.Errorf("mix components: %s has no examples: is its data set empty?", c.Name)
		}
		total += c.Rate
		m.len += c.epochLen()
		c.Source = shuffle(c.Source, random.Mix64(seed+random.GoldenGamma*uint64(i+1)))
		m.components = append(m.components, c)
	}
	if len(components) == 0 || math.IsInf(total, 0) {
		return nil, fmt.Errorf("mix components: %d components with rates of %g together, want at least one and a "+
			"finite sum", len(components), total)
	}
	// The weights are differences of rounded sums, so that they add up to the unit.
	sum, before := 0.0, uint64(0)
	for _, c := range components {
		sum += c.Rate
		upto := uint64(math.RoundToEven(sum / total * rateUnit))
		if upto == before {
			return nil, fmt.Errorf("mix components: the rate %g of %s is less than a billionth of all: leave it "+
				"out or raise its rate", c.Rate, c.Name)
		}
		m.weights = append(m.weights, upto-before)
		before = upto
	}
	return m, nil
}

// Len returns the number of examples in an epoch of the mixture.
func (m *Mixture) Len() int { return m.len }

// epochLen returns the examples by which the component makes an epoch longer, at least one.
func (c Component) epochLen() int {
	if c.EpochShare == 0 {
		return c.Source.Len()
	}
	return max(1, int(math.RoundToEven(c.EpochShare*float64(c.Source.Len()))))
}

// Append adds the example at place i of an epoch. Its Index in the batch is that in the source of its component.
func (m *Mixture) Append(epoch int64, i int, b *Batch) {
	component, n := m.Locate(epoch*int64(m.len) + int64(i))
	source := m.components[component].Source
	length := int64(source.Len())
	source.Append(n/length, int(n%length), b)
}

// Locate returns whose turn it is at a position, which counts from the start of the first epoch, and how many examples
// the component had before. It takes about 10 ns for each component of a few.
func (m *Mixture) Locate(position int64) (component int, n int64) {
	// Each component is less than one example away from what its rate says of any time, so the time at which the turn
	// of the position comes differs from the position by less than the number of components.
	p, spread := uint64(position), uint64(len(m.components))
	from := p - min(p, spread)
	time := from + uint64(sort.Search(int(2*spread), func(d int) bool { return m.had(from+uint64(d)+1) > p }))
	turn := int(p - m.had(time)) // among those that are due within (time, time+1], of each component one at most
	for k := range m.components {
		if m.dueWithin(k, time) && m.dueBefore(k, time) == turn {
			return k, int64(m.hadOf(k, time))
		}
	}
	panic("data: no component is due") // cannot be: see above
}

// had returns the number of examples that are due until a time, of all components.
func (m *Mixture) had(time uint64) uint64 {
	n := uint64(0)
	for k := range m.components {
		n += m.hadOf(k, time)
	}
	return n
}

// hadOf returns the number of examples of component k that are due until a time: floor(time x weight / unit + 1/2).
func (m *Mixture) hadOf(k int, time uint64) uint64 {
	high, low := bits.Mul64(time, m.weights[k])
	low, carry := bits.Add64(low, rateUnit/2, 0)
	return (high+carry)<<32 | low>>32
}

// dueWithin reports whether an example of component k is due within (time, time+1].
func (m *Mixture) dueWithin(k int, time uint64) bool { return m.hadOf(k, time+1) > m.hadOf(k, time) }

// dueBefore returns how many examples are due within (time, time+1] before the one of component k.
func (m *Mixture) dueBefore(k int, time uint64) int {
	before := 0
	for j := range m.components {
		if j != k && m.dueWithin(j, time) && m.precedes(j, k, time) {
			before++
		}
	}
	return before
}

// precedes reports whether the first example of component j after a time is due before that of component k; of two that
// are due at once, the first component's comes first.
func (m *Mixture) precedes(j, k int, time uint64) bool {
	// (2a+1) / weight j < (2b+1) / weight k
	highJ, lowJ := bits.Mul64(2*m.hadOf(j, time)+1, m.weights[k])
	highK, lowK := bits.Mul64(2*m.hadOf(k, time)+1, m.weights[j])
	if highJ != highK {
		return highJ < highK
	}
	return lowJ < lowK || lowJ == lowK && j < k
}
