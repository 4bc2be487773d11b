package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"t5train/checkpoints/safetensors"
)

// chunk is the number of elements that are encoded at a time, a multiple of BlockSize.
const chunk = 1 << 14

// encoder takes elements as float32, little-endian, and writes them to w in another type.
type encoder struct {
	w      io.Writer
	to     Type
	rest   []byte // of elements that do not fill a chunk yet
	values [chunk]float32
	data   []byte
}

// Write takes the next bytes.
func (e *encoder) Write(p []byte) (int, error) {
	taken := len(p)
	for len(p) > 0 {
		n := min(len(p), 4*chunk-len(e.rest))
		e.rest, p = append(e.rest, p[:n]...), p[n:]
		if len(e.rest) == 4*chunk {
			if err := e.flush(); err != nil {
				return 0, err
			}
		}
	}
	return taken, nil
}

// flush encodes what has come so far.
func (e *encoder) flush() error {
	values := e.values[:len(e.rest)/4]
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(e.rest[4*i:]))
		if v := values[i]; v-v != 0 {
			return errors.New("a weight is not finite: training diverged, or the file is damaged: " +
				"choose an earlier checkpoint")
		}
	}
	var err error
	if e.to == Q8_0 {
		e.data, err = appendQ8(e.data[:0], values)
	} else {
		e.data, err = safetensors.AppendFloats(e.data[:0], values, floatTypes[e.to])
	}
	if err != nil {
		return err
	}
	e.rest = e.rest[:0]
	_, err = e.w.Write(e.data)
	return err
}

var floatTypes = map[Type]safetensors.DType{F32: safetensors.F32, F16: safetensors.F16, BF16: safetensors.BF16}

// appendQ8 appends blocks as quantize_row_q8_0_ref of ggml makes them: the largest magnitude of a block becomes 127,
// and halves are rounded away from zero. Integers go by the scale before it is rounded to float16.
func appendQ8(data []byte, values []float32) ([]byte, error) {
	for ; len(values) >= BlockSize; values = values[BlockSize:] {
		block := values[:BlockSize]
		var most float32
		for _, v := range block {
			most = max(most, float32(math.Abs(float64(v))))
		}
		scale, inverse := most/127, float32(0)
		if scale != 0 {
			inverse = 1 / scale
		}
		var err error
		if data, err = safetensors.AppendFloats(data, []float32{scale}, safetensors.F16); err != nil {
			return nil, fmt.Errorf("the scale of a block of Q8_0: %w", err)
		}
		for _, v := range block {
			data = append(data, byte(int8(math.Round(float64(v*inverse)))))
		}
	}
	if len(values) > 0 {
		return nil, fmt.Errorf("%d elements are no block of Q8_0, want %d", len(values), BlockSize)
	}
	return data, nil
}
