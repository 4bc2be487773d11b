package predict

import (
	"bufio"
	"encoding/json"
	"io"
	"reflect"
	"strings"

	"t5train/data/table"
	"t5train/trainer/predict/inputfile"
)

// FormsOf returns what [WriteAnswers] writes files with, in formats other than JSON lines: parquet as [ParquetOf] has
// it, and tables with the columns of that.
func FormsOf[Line, Row any](keep []inputfile.Keep, rows func(Line) []Row) func(table.Format) Form {
	return func(format table.Format) Form {
		if format == table.Parquet {
			return ParquetOf(keep, rows)
		}
		if d := format.Delimiter(); d != 0 {
			return tableOf(keep, rows, string(d))
		}
		return nil
	}
}

// Form writes a file of answers of their JSON lines; nil is for JSON lines themselves.
type Form func(lines io.ReadSeeker, w io.Writer) error

// tableOf writes a table by RFC 4180: a header, CR LF behind each row, and quotes around cells that hold a delimiter, a
// quote or the end of a line. A cell has a text as it is, a number and a boolean as JSON does, a list or an object as
// its JSON, and nothing where there is no value.
func tableOf[Line, Row any](keep []inputfile.Keep, rows func(Line) []Row, delimiter string) Form {
	return func(lines io.ReadSeeker, w io.Writer) error {
		var names []string
		var fields []int // of each column; below 0 those that are kept
		row := reflect.TypeFor[Row]()
		for i := range row.NumField() {
			name, _, _ := strings.Cut(row.Field(i).Tag.Get("parquet"), ",")
			if name == "-" {
				continue
			}
			names, fields = append(names, name), append(fields, i)
			if row.Field(i).Name != "Input" {
				continue
			}
			for k := range keep {
				names, fields = append(names, keep[k].Name), append(fields, -1-k)
			}
		}
		out := cellWriter{bufio.NewWriter(w), delimiter}
		out.write(names)
		err := eachKept(lines, keep, func(raw json.RawMessage, values []any) error {
			var line Line
			if err := json.Unmarshal(raw, &line); err != nil {
				return err
			}
			for _, answer := range rows(line) {
				cells := make([]string, len(fields))
				for i, field := range fields {
					if field < 0 {
						cells[i] = keptCell(values[-1-field])
						continue
					}
					var err error
					if cells[i], err = cellOf(reflect.ValueOf(answer).Field(field)); err != nil {
						return err
					}
				}
				out.write(cells)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return out.Flush() // which has the first error of writing
	}
}

// keptCell returns the cell of a value that was kept.
func keptCell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return jsonOf(v)
}

// cellOf returns the cell of a field of an answer.
func cellOf(v reflect.Value) (string, error) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice:
		if v.IsNil() {
			return "", nil
		}
		if v.Kind() == reflect.Pointer {
			return cellOf(v.Elem())
		}
	case reflect.String:
		return v.String(), nil
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v.Interface())
	return strings.TrimSuffix(b.String(), "\n"), err
}

// cellWriter writes rows. encoding/csv would change ends of lines inside of cells.
type cellWriter struct {
	*bufio.Writer
	delimiter string
}

func (w cellWriter) write(cells []string) {
	for i, cell := range cells {
		if i > 0 {
			w.WriteString(w.delimiter)
		}
		if strings.ContainsAny(cell, "\"\r\n"+w.delimiter) {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		w.WriteString(cell)
	}
	w.WriteString("\r\n")
}
