package data

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"t5train/data/table"
)

// Vectors are the vectors of texts, such as those of a sentence encoder, all of one length.
type Vectors struct {
	dim    int
	values []float32 // [rows, dim]
}

// ReadVectors reads a column of lists of numbers, one of each row.
func ReadVectors(ctx context.Context, rows Table, column string) (*Vectors, error) {
	v := &Vectors{}
	err := rows.Scan(ctx, []string{column}, func(row int64, cells []table.Cell) error {
		if err := v.add(cells[0]); err != nil {
			path, inFile := rows.Locate(row)
			return fmt.Errorf("read vectors: %s, row %d (the first is 0): column %s %w", path, inFile, column, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

func (v *Vectors) add(c table.Cell) error {
	if c.Kind != table.List || len(c.Items) == 0 {
		return fmt.Errorf("holds %s, want a list of numbers", c)
	}
	if v.dim == 0 {
		v.dim = len(c.Items)
	}
	if len(c.Items) != v.dim {
		return fmt.Errorf("holds %d numbers, want %d as in the rows before", len(c.Items), v.dim)
	}
	for _, item := range c.Items {
		x, ok := item.Number()
		if !ok || math.Abs(x) > math.MaxFloat32 {
			return fmt.Errorf("holds %s, want finite numbers", item)
		}
		v.values = append(v.values, float32(x))
	}
	return nil
}

// Len returns the number of vectors.
func (v *Vectors) Len() int { return len(v.values) / max(1, v.dim) }

// Dim returns the length of each.
func (v *Vectors) Dim() int { return v.dim }

// At returns vector i, in the memory of v.
func (v *Vectors) At(i int) []float32 { return v.values[i*v.dim : (i+1)*v.dim : (i+1)*v.dim] }

// Digest returns a digest of all vectors: equal digests are equal vectors.
func (v *Vectors) Digest() string {
	h := sha256.New()
	_ = binary.Write(h, binary.LittleEndian, int64(v.dim)) // a hash does not fail
	for values := range slices.Chunk(v.values, 1<<14) {    // Write copies what it is given
		_ = binary.Write(h, binary.LittleEndian, values)
	}
	return hex.EncodeToString(h.Sum(nil))
}
