package op

// Ragged is token sequences laid end to end, without padding. Sequence s is IDs[Offsets[s]:Offsets[s+1]]: [5 6 1] and
// [7 1] are
//
//	IDs:     [5 6 1  7 1]
//	Offsets: [0 3 5]
type Ragged struct {
	IDs     []int32
	Offsets []int32 // [sequences+1], from 0 to len(IDs)
	Masked  []bool  // [tokens], those that attention does not see (an attention_mask of 0); nil for none

	// Lengths, if not nil, are those of the sequences as keys of an attention: sequence s is the Lengths[s] rows from
	// Offsets[s], so that sequences may share rows. Without gradients only.
	Lengths []int32

	Adapters []*Adapter // [tokens], for Eager; nil: those of the parameters
}

// Append adds a sequence.
func (r *Ragged) Append(ids ...int32) {
	r.IDs = append(r.IDs, ids...)
	r.End()
}

// End makes a sequence of the IDs that were appended since the last one.
func (r *Ragged) End() {
	if len(r.Offsets) == 0 {
		r.Offsets = append(r.Offsets, 0)
	}
	r.Offsets = append(r.Offsets, int32(len(r.IDs)))
}

// Sequences returns the number of sequences.
func (r *Ragged) Sequences() int { return max(0, len(r.Offsets)-1) }

// At returns sequence s, in the memory of r.
func (r *Ragged) At(s int) []int32 { return r.IDs[r.Offsets[s]:r.Offsets[s+1]] }

// Truncate leaves the first n sequences of a Ragged without Masked and Lengths, and keeps its memory.
func (r *Ragged) Truncate(n int) {
	if n == 0 {
		r.IDs, r.Offsets = r.IDs[:0], r.Offsets[:min(1, len(r.Offsets))]
		return
	}
	r.IDs, r.Offsets = r.IDs[:r.Offsets[n]], r.Offsets[:n+1]
}

// Longest returns the length of the longest sequence.
func (r *Ragged) Longest() int {
	longest := 0
	for i := 1; i < len(r.Offsets); i++ {
		longest = max(longest, int(r.Offsets[i]-r.Offsets[i-1]))
	}
	return longest
}
