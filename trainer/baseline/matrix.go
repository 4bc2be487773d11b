package baseline

import (
	"math"

	"t5train/internal/parallel"
)

// matrix is a sparse matrix by rows: row i has the entries from ends[i-1] up to ends[i].
type matrix struct {
	columns int
	ends    []int
	index   []int32 // column of an entry
	value   []float32
}

func (m *matrix) rows() int { return len(m.ends) }

func (m *matrix) from(i int) int {
	if i == 0 {
		return 0
	}
	return m.ends[i-1]
}

func (m *matrix) add(column int, value float64) {
	m.index, m.value = append(m.index, int32(column)), append(m.value, float32(value))
}

// scale brings the entries from a place on to an Euclidean norm of 1.
func (m *matrix) scale(from int) {
	sum := 0.0
	for _, v := range m.value[from:] {
		sum += float64(v) * float64(v)
	}
	for i, v := range m.value[from:] {
		m.value[from+i] = float32(float64(v) / math.Sqrt(sum))
	}
}

func (m *matrix) end() { m.ends = append(m.ends, len(m.index)) }

func (m *matrix) transposed() *matrix {
	t := &matrix{columns: m.rows(), ends: make([]int, m.columns), index: make([]int32, len(m.index)),
		value: make([]float32, len(m.value))}
	for _, c := range m.index {
		t.ends[c]++
	}
	for c, sum := 0, 0; c < m.columns; c++ {
		t.ends[c], sum = sum, sum+t.ends[c]
	}
	for i := range m.rows() {
		for e := m.from(i); e < m.ends[i]; e++ {
			at := &t.ends[m.index[e]]
			t.index[*at], t.value[*at] = int32(i), m.value[e]
			*at++
		}
	}
	return t
}

// times sets y [rows, k] to the product with x [columns, k], on any number of threads to the same bits.
func (m *matrix) times(y, x []float32, k, threads int) {
	const block = 64 // rows
	parallel.Each(threads, (m.rows()+block-1)/block, func(_, b int) {
		for i := b * block; i < min((b+1)*block, m.rows()); i++ {
			row := y[i*k : (i+1)*k]
			clear(row)
			for e := m.from(i); e < m.ends[i]; e++ {
				v, from := m.value[e], x[int(m.index[e])*k:]
				from = from[:len(row)]
				for j := range row {
					row[j] += v * from[j]
				}
			}
		}
	})
}
