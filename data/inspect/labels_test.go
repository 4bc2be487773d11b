package inspect

import (
	"slices"
	"testing"
	"unsafe"

	"t5train/data/table"
)

// A text of a cell is part of a page, which a class must not hold on to.
func TestBalanceKeepsNoPage(t *testing.T) {
	page := []byte("ham spam ham")
	b := newBalance(table.Column{Name: "label"})
	for _, at := range [][2]int{{0, 3}, {4, 4}, {9, 3}} {
		b.add(table.Cell{Kind: table.String, Str: unsafe.String(&page[at[0]], at[1])})
	}
	clear(page)
	if got, want := b.finish().Classes, []Class{{"ham", 2}, {"spam", 1}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
