package op

// Adapter is adapters beside the linear layers of a model, by their weights. Where rows of a Ragged have one, it stands
// in place of what the parameters have: so a model that nothing changes has many. It may be shared by several Eagers.
type Adapter map[*Param]*LowRank

// adapt adds what the adapters of the rows of x do to x·wᵀ, side by side for each weight. Rows that follow each other
// and have the same adapter are computed together.
func (t *temporaries) adapt(y, x Matrix, weights []*Param) {
	for first, end := 0, 0; first < x.Rows; first = end {
		for end = first + 1; end < x.Rows && x.adapters[end] == x.adapters[first]; end++ {
		}
		column := 0
		for _, w := range weights {
			if a := x.adapters[first]; a != nil && (*a)[w] != nil {
				t.low = (*a)[w].add(t.workers, y.Slice(first, end), column, x.Slice(first, end), t.low)
			}
			column += w.Shape[0]
		}
	}
}

// Repeat returns an adapter for each of n tokens, behind those of others that are there.
func Repeat(to []*Adapter, a *Adapter, n int) []*Adapter {
	for range n {
		to = append(to, a)
	}
	return to
}

// AdapterOf returns the adapter of a row, nil if the rows have none of their own.
func (m Matrix) AdapterOf(row int32) *Adapter {
	if m.adapters == nil {
		return nil
	}
	return m.adapters[row]
}

// HasAdapters reports whether rows have adapters of their own.
func (m Matrix) HasAdapters() bool { return m.adapters != nil }
