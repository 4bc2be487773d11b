package data

import (
	"math"
	"slices"
	"strings"
	"testing"

	"t5train/data/table"
)

func listOf(values ...float64) table.Cell {
	c := table.Cell{Kind: table.List}
	for _, x := range values {
		c.Items = append(c.Items, table.Cell{Kind: table.Float, Float: x})
	}
	return c
}

func TestReadVectors(t *testing.T) {
	integers := table.Cell{Kind: table.List, Items: []table.Cell{{Kind: table.Int, Int: 3}, {Kind: table.Int, Int: -4}}}
	v, err := ReadVectors(t.Context(), cells{{listOf(1, 2)}, {integers}}, "v")
	if err != nil {
		t.Fatal(err)
	}
	if v.Len() != 2 || v.Dim() != 2 || !slices.Equal(v.At(1), []float32{3, -4}) {
		t.Errorf("got %+v", v)
	}
	other, _ := ReadVectors(t.Context(), cells{{listOf(1, 2, 3, -4)}}, "v")
	if v.Digest() == other.Digest() {
		t.Error("two vectors of two numbers have the digest of one of four")
	}
	for want, c := range map[string]table.Cell{
		"holds null, want a list":       {},
		"want finite numbers":           listOf(1, math.NaN()),
		"holds 1e+39, want finite":      listOf(1e39, 0),
		"holds 3 numbers, want 2":       listOf(1, 2, 3),
		"holds [], want a list":         listOf(),
		`holds "x", want finite`:        list("x", "y"),
		"cells, row 1 (the first is 0)": cellOf("x"),
	} {
		if _, err := ReadVectors(t.Context(), cells{{listOf(1, 2)}, {c}}, "v"); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
