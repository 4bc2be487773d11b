package op

// Ragged is token sequences laid end to end, without padding. Sequence s is IDs[Offsets[s]:Offsets[s+1]].
type Ragged struct {
	IDs     []int32
	Offsets []int32 // [sequences+1], from 0 to len(IDs)
	Masked  []bool  // [tokens], those that attention does not see (an attention_mask of 0); nil for none

	// Lengths, if not nil, are those of the sequences as keys of an attention: sequence s is the Lengths[s] rows from
	// Offsets[s], so that sequences may share rows. Without gradients only.
	Lengths []int32
}

// Longest returns the length of the longest sequence.
func (r *Ragged) Longest() int {
	longest := 0
	for i := 1; i < len(r.Offsets); i++ {
		longest = max(longest, int(r.Offsets[i]-r.Offsets[i-1]))
	}
	return longest
}
