package kernel

// Embed copies the rows ids of table [vocab, d] to y [len(ids), d].
func Embed(w *Workers, y, table []float32, ids []int32, d int) {
	w = w.orDefault()
	w.Rows(len(ids), grainFor(d), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			copy(y[i*d:(i+1)*d], table[int(ids[i])*d:])
		}
	})
}

// EmbedBackward adds row i of dy [len(ids), d] to row ids[i] of dTable [vocab, d]. Each task owns a range
// of columns and adds in the order of ids, so equal ids do not race and the sum has one order, however wide the range.
func EmbedBackward(w *Workers, dTable, dy []float32, ids []int32, d int) {
	w = w.orDefault()
	const line = 16 // a cache line
	columns := blocks(blocks(d, w.threads), line) * line
	w.Run(blocks(d, columns), func(task int) {
		lo, hi := task*columns, min(d, (task+1)*columns)
		for i, id := range ids {
			w.isa.add(dTable[int(id)*d+lo:int(id)*d+hi], dy[i*d+lo:i*d+hi])
		}
	})
}
