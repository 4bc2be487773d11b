package trainer

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
		mean, err := meanRow(t)
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

// meanRow sums in float64, row by row.
func meanRow(t safetensors.Tensor) ([]float32, error) {
	rows, columns := t.Shape[0], t.Shape[1]
	sums := make([]float64, columns)
	row := make([]float32, columns)
	for i := range rows {
		if err := t.Rows(i, i+1).CopyFloat32(row); err != nil {
			return nil, err
		}
		for j, v := range row {
			sums[j] += float64(v)
		}
	}
	for j, s := range sums {
		row[j] = float32(s / float64(rows))
	}
	return row, nil
}
