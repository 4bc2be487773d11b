package predict

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"t5train/data/importer"
	"t5train/trainer/predict/inputfile"
)

// ParquetOf returns what [AnswerFile.Finish] needs to write a file of parquet: the columns of Row by its tags, filled
// with the rows of each line, with the columns that were kept of the input behind that of the text. A kept column of
// integers, numbers, booleans or texts, or of lists of them, has that type, and any other one the JSON of its values.
func ParquetOf[Line, Row any](
	keep []inputfile.Keep,
	rows func(Line) []Row,
) func(lines io.ReadSeeker, w io.Writer) error {
	return func(lines io.ReadSeeker, w io.Writer) error {
		kinds := make([]keptKind, len(keep))
		if len(keep) > 0 {
			err := eachKept(lines, keep, func(_ json.RawMessage, values []any) error {
				for i, v := range values {
					kinds[i].see(v)
				}
				return nil
			})
			if err != nil {
				return err
			}
			if _, err := lines.Seek(0, io.SeekStart); err != nil {
				return err
			}
		}
		row := keptRow(reflect.TypeFor[Row](), keep, kinds)
		schema := parquet.SchemaOf(reflect.New(row).Interface())
		out := parquet.NewWriter(w, append(importer.WriterOptions(), schema)...)
		groups := importer.NewGroups(out)
		err := eachKept(lines, keep, func(raw json.RawMessage, values []any) error {
			var line Line
			if err := json.Unmarshal(raw, &line); err != nil {
				return fmt.Errorf("read answer: %w", err)
			}
			for _, answer := range rows(line) {
				to := reflect.New(row).Elem()
				from := reflect.ValueOf(answer)
				for i := range to.NumField() {
					if f := from.FieldByName(row.Field(i).Name); f.IsValid() {
						to.Field(i).Set(f)
					}
				}
				for i, v := range values {
					kinds[i].set(to.FieldByName(keptName(i)), v)
				}
				if err := groups.Write(schema.Deconstruct(nil, to.Interface())); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		return out.Close()
	}
}

// eachKept calls yield for each line with the values of the columns that were kept.
func eachKept(lines io.Reader, keep []inputfile.Keep, yield func(line json.RawMessage, values []any) error) error {
	values := make([]any, len(keep))
	for d := json.NewDecoder(lines); ; {
		var line json.RawMessage
		if err := d.Decode(&line); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read answer: %w", err)
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(line, &fields); err != nil {
			return fmt.Errorf("read answer: %w", err)
		}
		for i, k := range keep {
			values[i] = keptValue(fields[k.Name])
		}
		if err := yield(line, values); err != nil {
			return err
		}
	}
}

// keptValue returns nil, int64, float64, bool, string or []any of them for a JSON value, and json.RawMessage for any
// other.
func keptValue(raw json.RawMessage) any {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	switch raw[0] {
	case '"':
		var text string
		json.Unmarshal(raw, &text) // it has been read as JSON already
		return text
	case 't', 'f':
		return raw[0] == 't'
	case '{':
		return raw
	case '[':
		var items []json.RawMessage
		json.Unmarshal(raw, &items)
		list := keptList{raw: raw}
		for _, item := range items {
			list.items = append(list.items, keptValue(item))
		}
		return list
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if _, isInteger := strconv.ParseUint(string(raw), 10, 64); err != nil || isInteger == nil {
		return raw // a float64 would change it
	}
	return f
}

// keptList is a list with the JSON that it was made of.
type keptList struct {
	raw   json.RawMessage
	items []any
}

// keptKind is the type of a column, as its values seen so far allow it.
type keptKind struct {
	integers, floats, bools, texts, special, lists, others bool

	item *keptKind // of lists
}

func (k *keptKind) see(v any) {
	switch v := v.(type) {
	case int64:
		k.integers = true
	case float64:
		k.floats = true
	case bool:
		k.bools = true
	case string:
		if v == "NaN" || v == "+Inf" || v == "-Inf" {
			k.special = true
		} else {
			k.texts = true
		}
	case keptList:
		k.lists = true
		if k.item == nil {
			k.item = new(keptKind)
		}
		for _, item := range v.items {
			if item == nil {
				k.item.others = true // the lists of the file have no nulls
			}
			k.item.see(item)
		}
	case json.RawMessage:
		k.others = true
	}
}

// scalar returns the type of the values that are no lists, string for JSON and nil for several types.
func (k *keptKind) scalar() reflect.Type {
	numbers := k.integers || k.floats
	switch {
	case k.others || k.lists:
		return nil
	case numbers && !k.bools && !k.texts:
		if k.floats || k.special {
			return reflect.TypeFor[float64]()
		}
		return reflect.TypeFor[int64]()
	case k.bools && !numbers && !k.texts && !k.special:
		return reflect.TypeFor[bool]()
	case !k.bools && !numbers:
		return reflect.TypeFor[string]()
	}
	return nil
}

// list returns the type of the items of lists, nil for other columns.
func (k *keptKind) list() reflect.Type {
	if !k.lists || k.integers || k.floats || k.bools || k.texts || k.special || k.others {
		return nil
	}
	return k.item.scalar()
}

func keptName(i int) string { return "Kept" + strconv.Itoa(i) }

// keptRow returns the type of a row: the fields of an answer, and the columns behind Input.
func keptRow(answer reflect.Type, keep []inputfile.Keep, kinds []keptKind) reflect.Type {
	var fields []reflect.StructField
	for f := range answer.Fields() {
		if f.Tag.Get("parquet") == "-" {
			continue
		}
		fields = append(fields, f)
		if f.Name != "Input" {
			continue
		}
		for i, k := range keep {
			t, tag := reflect.TypeFor[*string](), ",optional"
			if item := kinds[i].list(); item != nil {
				t, tag = reflect.SliceOf(item), ",list"
			} else if scalar := kinds[i].scalar(); scalar != nil {
				t = reflect.PointerTo(scalar)
			}
			fields = append(
				fields,
				reflect.StructField{
					Name: keptName(i),
					Type: t,
					Tag:  reflect.StructTag("parquet:" + strconv.Quote(k.Name+tag)),
				},
			)
		}
	}
	return reflect.StructOf(fields)
}

// set puts a value into a field of the row.
func (k *keptKind) set(to reflect.Value, v any) {
	if v == nil {
		return
	}
	if item := k.list(); item != nil {
		for _, v := range v.(keptList).items {
			to.Set(reflect.Append(to, k.item.converted(v, item)))
		}
		return
	}
	scalar := k.scalar()
	p := reflect.New(to.Type().Elem())
	if scalar != nil {
		p.Elem().Set(k.converted(v, scalar))
	} else {
		p.Elem().SetString(jsonOf(v))
	}
	to.Set(p)
}

// converted returns a value by the type of its column.
func (k *keptKind) converted(v any, t reflect.Type) reflect.Value {
	if text, ok := v.(string); ok && t.Kind() == reflect.Float64 {
		f, _ := strconv.ParseFloat(text, 64) // NaN or an infinity
		return reflect.ValueOf(f)
	}
	return reflect.ValueOf(v).Convert(t)
}

func jsonOf(v any) string {
	switch v := v.(type) {
	case json.RawMessage:
		return string(v)
	case keptList:
		return string(v.raw)
	}
	raw, _ := json.Marshal(v) // a number, boolean or text
	return string(raw)
}
