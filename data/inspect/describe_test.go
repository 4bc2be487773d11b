package inspect

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"t5train/data/importer"
	"t5train/data/parquetio"
)

func TestDescribe(t *testing.T) {
	set := dataset(t, "d", textAndLabel,
		row{"one", 0}, row{"one two", 1}, row{"a b c d e f g", 1}, row{"", 0}, row{nil, nil}, row{"naïve", 7})
	d, err := Describe(context.Background(), set, DescribeOptions{
		Roles: Roles{Texts: []string{"text"}, Labels: []string{"label"}}, Measure: testMeasure, Examples: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	classes := []Class{{"ham", 2}, {"spam", 2}, {"other", 0}}
	want := []Balance{{Column: "label", Classes: classes, Nulls: 1, OutOfRange: 1}}
	if !reflect.DeepEqual(d.Labels, want) {
		t.Errorf("labels %+v, want %+v", d.Labels, want)
	}
	l := d.Lengths[0] // 2, 3, 8, 1, 2 with the token that ends a sequence
	if l.Texts != 5 || l.Nulls != 1 || l.Blank != 1 || l.Tokens != 16 || l.Mean != 3.2 || l.Cut != 1 ||
		l.Kept != 13./16 || l.Unknown != 1 {
		t.Errorf("lengths %+v", l)
	}
	if got, want := fmt.Sprint(l.Percent), "[{0 1} {25 2} {50 2} {75 3} {90 8} {95 8} {99 8} {100 8}]"; got != want {
		t.Errorf("percentiles %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(l.Histogram), "[{1 1 1} {2 2 2} {3 4 1} {5 8 1}]"; got != want {
		t.Errorf("histogram %s, want %s", got, want)
	}
	text, err := json.Marshal(d.Examples)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"row":0,"values":[{"column":"text","value":"one"},{"column":"label","value":0,"class":"ham"}]`, `"row":3,"values":[{"column":"text","value":""}`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("examples %s, want %s in them", text, want)
		}
	}
	if len(d.Examples) != 2 || d.Rows != 6 || len(d.Shards) != 1 || d.Columns[1].Type != "int" ||
		len(d.Columns[1].Classes) != 3 {
		t.Errorf("description %+v", d)
	}
}

// TestDescribeUnreadable has columns whose values cannot be read; the others are described as if they were alone.
func TestDescribeUnreadable(t *testing.T) {
	type rows struct {
		ID    uint64   `parquet:"id"`
		Text  string   `parquet:"text"`
		Fixed [3]byte  `parquet:"fixed"`
		Label []uint64 `parquet:"labels"`
	}
	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := parquet.WriteFile(path,
		[]rows{{1, "a", [3]byte{}, nil}, {1 << 63, "b c", [3]byte{}, []uint64{1, 1 << 63}}}); err != nil {
		t.Fatal(err)
	}
	set, err := parquetio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	o := DescribeOptions{Roles: Roles{Texts: []string{"text"}, Labels: []string{"labels"}}, Measure: testMeasure,
		Examples: 2}
	d, err := Describe(context.Background(), set, o)
	if err != nil {
		t.Fatal(err)
	}
	const beyond = "unsigned value 9223372036854775808 does not fit 63 bits: write the column as text to read it ("
	for i, want := range []string{beyond + path + ", row group 0)", "", "its type cannot be read: string, ", beyond} {
		if got := d.Columns[i].Unread; !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("column %s: got %q, want %q", d.Columns[i].Name, got, want)
		}
	}
	text, err := json.Marshal(d.Examples)
	if want := `"row":1,"values":[{"column":"text","value":"b c"}]`; err != nil ||
		!strings.Contains(string(text), want) {
		t.Errorf("examples %s, %v, want %s", text, err, want)
	}
	if len(d.Labels) != 0 || len(d.Roles.Labels) != 0 || len(d.Lengths) != 1 || d.Lengths[0].Texts != 2 {
		t.Errorf("labels %v, roles %v, lengths %v", d.Labels, d.Roles, d.Lengths)
	}
	o.Columns = []string{"id"} // asked for
	if _, err := Describe(context.Background(), set, o); err == nil || !strings.Contains(err.Error(), beyond[:30]) {
		t.Errorf("a column that is asked for: %v", err)
	}
}

// TestDescribeManyTexts has more texts than a block, in several threads.
func TestDescribeManyTexts(t *testing.T) {
	var rows []row
	for i := range 3 * blockTexts {
		rows = append(rows, row{strings.Repeat("x ", i%7), i % 3})
	}
	set := dataset(t, "d", textAndLabel, rows...)
	for threads := range 4 {
		m := testMeasure
		m.Threads = threads
		d, err := Describe(context.Background(), set, DescribeOptions{Roles: Roles{Texts: []string{"text"}},
			Measure: m})
		if err != nil {
			t.Fatal(err)
		}
		if l := d.Lengths[0]; l.Texts != int64(len(rows)) || l.Tokens != 1755*(1+2+3+4+5+6+7)+1+2+3 ||
			l.Percent[2].Tokens != 4 || l.Blank != 1756 {
			t.Errorf("%d threads: %+v", threads, l)
		}
	}
}

// TestDescribeOnly reads and shows some columns, of which lists count as one text.
func TestDescribeOnly(t *testing.T) {
	columns := []importer.Column{{Path: []string{"tokens"}, Type: importer.String, List: true},
		{Path: []string{"kind"}, Type: importer.String}}
	set := dataset(t, "d", columns, row{[]any{"a", "b", nil}, "x"}, row{[]any{}, "y"}, row{nil, "x"})
	d, err := Describe(context.Background(), set, DescribeOptions{
		Roles: Roles{Texts: []string{"tokens"},
			Labels: []string{"kind"}}, Measure: testMeasure, Columns: []string{"tokens"}, Examples: 5,
	})
	if err != nil {
		t.Fatal(err)
	}
	if l := d.Lengths[0]; l.Texts != 2 || l.Tokens != 4 || l.Blank != 1 || l.Nulls != 1 {
		t.Errorf("lengths %+v", l)
	}
	if got, want := fmt.Sprint(d.Labels[0].Classes), "[{x 2} {y 1}]"; got != want {
		t.Errorf("labels %s, want %s", got, want)
	}
	if len(d.Examples) != 3 || len(d.Examples[0].Values) != 1 ||
		string(d.Examples[0].Values[0].Value) != `["a","b",null]` {
		t.Errorf("examples %+v", d.Examples)
	}
}
