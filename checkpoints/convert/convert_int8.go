package convert

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"t5train/checkpoints/safetensors"
	"t5train/model"
	"t5train/model/kernel"
)

// int8Tensors returns a matrix [rows, columns], which comes as F32, in eight bits: its integers and the scale of each
// row. The elements are made once for each of the two, so that no more than a row is in memory.
func int8Tensors(t safetensors.Lazy) []safetensors.Lazy {
	rows, columns := t.Shape[0], t.Shape[1]
	through := func(emit func(w io.Writer, values []int8, scale float32) error) func(io.Writer) error {
		return func(w io.Writer) error {
			return t.Write(&rowQuantizer{name: t.Name, values: make([]int8, columns), emit: func(values []int8,
				scale float32) error {
				return emit(w, values, scale)
			}})
		}
	}
	bytes := make([]byte, columns)
	return []safetensors.Lazy{
		{Name: t.Name, DType: safetensors.I8, Shape: t.Shape, Write: through(func(w io.Writer, values []int8,
			_ float32) error {
			for i, v := range values {
				bytes[i] = byte(v)
			}
			_, err := w.Write(bytes)
			return err
		})},
		{Name: model.ScaleName(t.Name), DType: safetensors.F32, Shape: []int{rows}, Write: through(func(w io.Writer,
			_ []int8, scale float32) error {
			return binary.Write(w, binary.LittleEndian, scale)
		})},
	}
}

// rowQuantizer takes the bytes of float32 and emits each row that is complete, in eight bits.
type rowQuantizer struct {
	name   string
	values []int8 // of a row
	row    []float32
	rest   []byte // of an element that is not complete
	rows   int
	emit   func(values []int8, scale float32) error
}

func (q *rowQuantizer) Write(p []byte) (int, error) {
	q.rest = append(q.rest, p...)
	data := q.rest
	for ; len(data) >= 4; data = data[4:] {
		q.row = append(q.row, math.Float32frombits(binary.LittleEndian.Uint32(data)))
		if len(q.row) < len(q.values) {
			continue
		}
		scale := kernel.QuantizeInt8(q.values, q.row)
		if scale != scale {
			return 0, fmt.Errorf("row %d of %s has a weight that is not finite: training diverged, or the file "+
				"is damaged", q.rows, q.name)
		}
		if err := q.emit(q.values, scale); err != nil {
			return 0, err
		}
		q.row = q.row[:0]
		q.rows++
	}
	q.rest = q.rest[:copy(q.rest, data)]
	return len(p), nil
}
