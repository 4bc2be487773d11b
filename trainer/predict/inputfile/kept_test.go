package inputfile

import (
	"encoding/json"
	"testing"

	"t5train/data/table"
)

// Cells keep their type in JSON, and what is read from there is what they were.
func TestCellsInJSON(t *testing.T) {
	cell := table.Cell{Kind: table.List, Items: []table.Cell{
		{
			Kind:  table.Float,
			Float: 2,
		}, {Kind: table.Int, Int: 1 << 60}, {Kind: table.Bool}, {}, {Kind: table.String, Str: "<\n>"},
		{Kind: table.Float, Float: 1e300},
	}}
	got := json.RawMessage(cell.JSON(floatText))
	if want := `[2.0,1152921504606846976,false,null,"<\n>",1e+300]`; string(got) != want || !json.Valid(got) {
		t.Errorf("got %s, want %s", got, want)
	}
}
