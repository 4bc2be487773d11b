package table

import (
	"encoding/json"
	"math"
	"testing"
)

// A cell is the JSON that a reader takes for the same value.
func TestCellJSON(t *testing.T) {
	for want, c := range map[string]Cell{
		`null`:           {},
		`"<é\n\"\u0001"`: {Kind: String, Str: "<é\n\"\x01"},
		`-7`:             {Kind: Int, Int: -7},
		`true`:           {Kind: Bool, Bool: true},
		`3`:              {Kind: Float, Float: 3},
		`1e+21`:          {Kind: Float, Float: 1e21},
		`"NaN"`:          {Kind: Float, Float: math.NaN()},
		`"-Inf"`:         {Kind: Float, Float: math.Inf(-1)},
		`[null,[],"a",["+Inf"]]`: {Kind: List, Items: []Cell{{}, {Kind: List}, {Kind: String, Str: "a"},
			{Kind: List, Items: []Cell{{Kind: Float, Float: math.Inf(1)}}}}},
	} {
		if got := c.JSON(Cell.Text); got != want || !json.Valid([]byte(got)) {
			t.Errorf("%v: got %s, want %s", c, got, want)
		}
	}
}
