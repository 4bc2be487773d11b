package convert

import (
	"bytes"
	"io"

	"t5train/checkpoints/safetensors"
)

// resizeRows cuts the rows of a matrix [rows, columns] or adds more. A new row is the mean of the old ones, as in
// transformers' resize_token_embeddings: its logit is the mean of the others, and so never the largest.
func resizeRows(t safetensors.Tensor, rows int, dtype safetensors.DType) safetensors.Lazy {
	old, columns := t.Shape[0], t.Shape[1]
	return safetensors.Lazy{Name: t.Name, DType: dtype, Shape: []int{rows, columns}, Write: func(w io.Writer) error {
		if err := t.Rows(0, min(old, rows)).As(dtype).Write(w); err != nil || rows <= old {
			return err
		}
		mean, err := meanOf(t, firstRows(old))
		if err != nil {
			return err
		}
		var row bytes.Buffer
		if err := safetensors.FromFloat32(t.Name, []int{columns}, mean).As(dtype).Write(&row); err != nil {
			return err
		}
		for range rows - old {
			if _, err := w.Write(row.Bytes()); err != nil {
				return err
			}
		}
		return nil
	}}
}

// firstRows are the numbers of the first n rows.
func firstRows(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

// meanOf returns the mean of some rows of a matrix.
func meanOf(t safetensors.Tensor, rows []int32) ([]float32, error) {
	sums, row := newRowSums(t.Shape[1]), make([]float32, t.Shape[1])
	for _, i := range rows {
		if err := t.Rows(int(i), int(i)+1).CopyFloat32(row); err != nil {
			return nil, err
		}
		sums.add(row)
	}
	return sums.mean(), nil
}

// rowSums adds rows up in float64.
type rowSums struct {
	sums []float64
	rows int
}

func newRowSums(columns int) *rowSums { return &rowSums{sums: make([]float64, columns)} }

func (s *rowSums) add(row []float32) {
	for j, v := range row {
		s.sums[j] += float64(v)
	}
	s.rows++
}

func (s *rowSums) mean() []float32 {
	row := make([]float32, len(s.sums))
	for j, v := range s.sums {
		row[j] = float32(v / float64(s.rows))
	}
	return row
}
