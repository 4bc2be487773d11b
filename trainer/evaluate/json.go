package evaluate

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"t5train/internal/floats"
	"t5train/internal/ui"
)

// member is a name and its value in a JSON object.
type member struct{ name, value string }

// WriteJSON writes values in their order, then what belongs to them, as one JSON object.
func (e *Evaluation) WriteJSON(w io.Writer) error {
	var all, intervals []member
	for _, v := range e.Values {
		all = append(all, member{v.Name, number(v.Value)})
	}
	for _, v := range e.Intervals {
		intervals = append(intervals, member{v.Name, fmt.Sprintf("[%s, %s]", number(v.Low), number(v.High))})
	}
	if len(intervals) > 0 {
		all = append(all, member{"intervals", object("  ", intervals)})
	}
	for _, c := range e.Constants { // of the one task: there is one at most
		var constant []member
		for _, v := range e.Values {
			if value, ok := c.Values[v.Name]; ok {
				constant = append(constant, member{v.Name, number(value)})
			}
		}
		all = append(all, member{"constant_answer", literal(c.Answer)}, member{"constant", object("  ", constant)})
	}
	if len(e.Signatures) > 0 {
		all = append(all, member{"signatures", literal(e.Signatures)})
	}
	all = append(all, member{"notes", literal(append([]ui.Note{}, e.Notes...))})
	if _, err := fmt.Fprintln(w, object("", all)); err != nil {
		return fmt.Errorf("write metrics: %w", err)
	}
	return nil
}

// object writes members, each on a line of its own.
func object(indent string, members []member) string {
	s := "{"
	separator := ""
	for _, m := range members {
		s += fmt.Sprintf("%s\n%s  %s: %s", separator, indent, literal(m.name), m.value)
		separator = ","
	}
	return s + "\n" + indent + "}"
}

// literal writes strings, or what is made of them, for JSON.
func literal(of any) string {
	raw, _ := json.Marshal(of) // strings cannot fail
	return string(raw)
}

// number writes a number for JSON; what is not finite becomes null.
func number(v float64) string {
	if !floats.IsFinite(v) {
		return "null"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
