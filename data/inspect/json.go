package inspect

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"t5train/data/table"
)

// jsonOf returns a cell as JSON, with text as it is. Numbers that JSON has not (NaN, infinities) are strings.
func jsonOf(c table.Cell) json.RawMessage {
	switch c.Kind {
	case table.Null:
		return json.RawMessage("null")
	case table.String:
		return quoted(c.Str)
	case table.Float:
		if math.IsNaN(c.Float) || math.IsInf(c.Float, 0) {
			return quoted(c.Text())
		}
	case table.List:
		list := []byte{'['}
		for i, item := range c.Items {
			if i > 0 {
				list = append(list, ',')
			}
			list = append(list, jsonOf(item)...)
		}
		return append(list, ']')
	}
	return json.RawMessage(c.Text())
}

func quoted(s string) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return json.RawMessage(strconv.Quote("")) // a string can be encoded
	}
	return bytes.TrimSpace(b.Bytes())
}
