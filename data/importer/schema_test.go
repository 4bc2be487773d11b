package importer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"t5train/data/table"
)

func TestSchema(t *testing.T) {
	for _, c := range []struct {
		name   string
		rows   string // JSON lines
		types  map[string]Type
		labels []string
		want   string
		err    string
	}{
		{"types", `{"s": "x", "i": 1, "f": 1.5, "b": true, "n": null, "l": [1], "e": []}`, nil, nil,
			"s (string) i (int64) f (float64) b (bool) n (string) l (list of int64) e (list of string)", ""},
		{"integers among others", "{\"a\": 1}\n{\"a\": 1.5}\n{\"a\": 2}", nil, nil, "a (float64)", ""},
		{"large integers", "{\"a\": 9007199254740993}\n{\"a\": -9007199254740993}", nil, nil, "a (int64)", ""},
		{"the largest integer among others", "{\"a\": 9007199254740992}\n{\"a\": 1.5}", nil, nil,
			"a (float64)", ""},
		{"a large integer in front of others", "{\"a\": 9007199254740993}\n{\"a\": 1}\n{\"a\": 1.5}", nil, nil, "",
			"f, line 3: column a has numbers with and without a fraction, among which 9007199254740993 in f, line 1 " +
				"would be rounded: read all as text with import.types a=string"},
		{"a large integer behind others", "{\"a\": [1.5]}\n{\"a\": [1, -9007199254740993]}", nil, nil, "",
			"-9007199254740993 in f, line 2 would be rounded"},
		{"a large integer among others as text", "{\"a\": 9007199254740993}\n{\"a\": 1.5}",
			map[string]Type{"a": "string"}, nil, "a (string)", ""},
		{"a large integer among others of a label", "{\"a\": 9007199254740993}\n{\"a\": 1.5}", nil,
			[]string{"a"}, "a (ClassLabel) [1.5 9007199254740993]", ""},
		{"columns of some rows", "{\"a\": 1}\n{\"b\": \"x\", \"a\": null}", nil, nil, "a (int64) b (string)", ""},
		{"structs", "{\"t\": {\"en\": \"x\"}}\n{\"t\": {\"de\": \"y\"}}", nil, nil, "t.en (string) t.de (string)", ""},
		{"text and number", "{\"a\": 1}\n{\"a\": \"x\"}", nil, nil, "",
			"f, line 2: column a is a string here and an integer in f, line 1: make all of one type, or read all " +
				"as text with import.types a=string"},
		{"text and number as text", "{\"a\": 1}\n{\"a\": \"x\"}", map[string]Type{"a": "string"}, nil, "a (string)",
			""},
		{"list and value", "{\"a\": [1]}\n{\"a\": 1}", nil, nil, "",
			"f, line 2: column a is a single value here and a list in f, line 1"},
		{"struct and value", "{\"a\": {\"b\": 1}}\n{\"a\": 1}", nil, nil, "",
			"column a is a single value in f, line 2 and an object with a key b in f, line 1: make it one of the two " +
				"in all rows"},
		{"struct that is null", "{\"n\": 1, \"a\": null}\n{\"a\": {\"b\": null}}\n{\"a\": {\"b\": {\"c\": 1}, \"d\": " +
			"null}}\n{\"a\": null}", nil, nil, "n (int64) a.b.c (int64) a.d (string)", ""},
		{"struct that is null and has a type", "{\"a\": {\"b\": 1}}\n{\"a\": null}", map[string]Type{"a": "string"},
			nil, "", "there is no column a: the columns are a.b"},
		{"dot in a name", "{\"a.b\": 1}\n{\"a\": {\"b\": 1}}", nil, nil, "",
			"line 2: a.b is a name with a dot, and a key of an object elsewhere"},
		{"dots in two names", `{"a.b": {"c": "one"}, "a": {"b.c": "two"}}`, nil, nil, "",
			"line 1: a.b.c is a name with a dot, and a key of an object elsewhere"},
		{"a type that is asked for", `{"a": "1.5", "l": ["2", "3"]}`, map[string]Type{"a": "float64", "l": "int64"},
			nil, "a (float64) l (list of int64)", ""},
		{"a type that does not fit", "{\"a\": \"1\"}\n{\"a\": \"one\"}", map[string]Type{"a": "int64"}, nil, "",
			`f, line 2: column a: "one" is no int64`},
		{"a label", "{\"l\": \"spam\"}\n{\"l\": \"ham\"}\n{\"l\": \"\"}", nil, []string{"l"},
			"l (ClassLabel) [ham spam]", ""},
		{"a label of numbers", "{\"l\": 10}\n{\"l\": 9}\n{\"l\": -1}", nil, []string{"l"},
			"l (ClassLabel) [-1 9 10]", ""},
		{"a label of numbers as they are written", "{\"l\": \"010\"}\n{\"l\": \"9\"}", nil, []string{"l"},
			"l (ClassLabel) [010 9]", ""},
		{"tags", `{"l": ["I-x", "B-x", "O", "B-a"]}`, nil, []string{"l"}, "l (list of ClassLabel) [O B-a B-x I-x]", ""},
		{"a label without values", `{"l": null}`, nil, []string{"l"}, "", "label column l is empty in all rows"},
		{"no such label", `{"a": 1}`, nil, []string{"l"}, "", "there is no column l: the columns are a"},
		{"no such type", `{"a": 1}`, map[string]Type{"l": "int64"}, nil, "", "there is no column l: the columns are a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSchema(c.types, c.labels)
			err := table.Read(t.Context(), strings.NewReader(c.rows), table.Input{Format: table.JSONL},
				table.ReadOptions{}, func(r table.Row) error { return s.add(place{"f", r.Line}, r.Fields) })
			var columns []Column
			if err == nil {
				s.settle()
				columns, err = s.resolve()
			}
			var shown []string
			for _, column := range columns {
				text := column.String()
				if column.Classes != nil {
					text += fmt.Sprint(" ", column.Classes)
				}
				shown = append(shown, text)
			}
			if got := strings.Join(shown, " "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if c.err == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got error %v, want %q", err, c.err)
			}
		})
	}
}

func TestSchemaBounds(t *testing.T) {
	var classes, keys strings.Builder
	for i := range MaxClasses + 1 {
		fmt.Fprintf(&classes, "{\"l\": %d}\n", i)
		fmt.Fprintf(&keys, "{\"k%d\": 1}\n", i)
	}
	for name, c := range map[string]struct{ rows, want string }{
		"classes": {classes.String(), "line 1001: column l has more than 1000 different values"},
		"columns": {keys.String(), "line 1001: column k1000 is one of more than 1000"},
	} {
		s := newSchema(nil, []string{"l"})
		err := table.Read(t.Context(), strings.NewReader(c.rows), table.Input{Format: table.JSONL},
			table.ReadOptions{}, func(r table.Row) error { return s.add(place{"f", r.Line}, r.Fields) })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %q", name, err, c.want)
		}
	}
}

func TestApportion(t *testing.T) {
	for _, c := range []struct {
		n      uint64
		ratios []float64
		want   []uint64
	}{
		{10, []float64{0.7, 0.3}, []uint64{7, 3}},
		{70, []float64{0.8, 0.1, 0.1}, []uint64{56, 7, 7}},
		{5, []float64{0.9, 0.1}, []uint64{5, 0}},
		{3, []float64{0.5, 0.5}, []uint64{2, 1}},
		{10, []float64{0.3333333, 0.3333333, 0.3333334}, []uint64{3, 3, 4}},
		{1, []float64{1}, []uint64{1}},
		{1_000_000_007, []float64{0.99, 0.01}, []uint64{990_000_007, 10_000_000}},
	} {
		var shares []Share
		for _, r := range c.ratios {
			shares = append(shares, Share{"", r})
		}
		if got := apportion(c.n, shares); !slices.Equal(got, c.want) {
			t.Errorf("%d by %v: got %v, want %v", c.n, c.ratios, got, c.want)
		}
	}
}

func TestParseShares(t *testing.T) {
	for in, want := range map[string]string{
		"train=0.9,validation=0.1": "", "": "",
		"train": "want a name and a ratio", "a b=1": "want a name and a ratio", "train=x": "want a name and a ratio",
		"train=0": "want a ratio above 0", "train=NaN": "want a ratio above 0", "train=1.5": "want a ratio above 0",
		"a=0.5,a=0.5": "split a is there twice", "a=0.5,b=0.4": "the ratios add up to 0.9, want 1",
	} {
		var texts []string
		if in != "" {
			texts = strings.Split(in, ",")
		}
		_, err := ParseShares(texts)
		if want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want %q", in, err, want)
		}
	}
}

// TestDividerDealsOut is the example of divider.split, with an order that is none.
func TestDividerDealsOut(t *testing.T) {
	d := newDivider([]int{10}, []Share{{"a", 0.7}, {"b", 0.3}}, 1)
	got := make([]int, 10)
	for k := range 10 {
		got[d.order[0].At(k)] = d.split(0, k)
	}
	if want := []int{0, 0, 0, 1, 0, 0, 1, 0, 0, 1}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDivider(t *testing.T) {
	shares := []Share{{"train", 0.8}, {"validation", 0.15}, {"test", 0.05}}
	strata := []int{1000, 3, 0, 97, 20}
	count := func(seed uint64) (perStratum [][]int, all []int) {
		d := newDivider(strata, shares, seed)
		for s, n := range strata {
			counts := make([]int, len(shares))
			for k := range n {
				split := d.split(s, k)
				counts[split]++
				all = append(all, split)
			}
			perStratum = append(perStratum, counts)
		}
		return perStratum, all
	}
	counts, all := count(1)
	total := make([]int, len(shares))
	for s, n := range strata {
		for i, share := range shares {
			total[i] += counts[s][i]
			if exact := share.Ratio * float64(n); float64(counts[s][i]) < exact-2 || float64(counts[s][i]) > exact+2 {
				t.Errorf("stratum %d of %d rows: %d of split %s, want about %.1f", s, n, counts[s][i], share.Name,
					exact)
			}
		}
	}
	if want := []int{896, 168, 56}; !slices.Equal(total, want) {
		t.Errorf("sizes %v, want %v", total, want)
	}
	if _, again := count(1); !slices.Equal(all, again) {
		t.Error("the same seed gives other splits")
	}
	if _, other := count(2); slices.Equal(all, other) {
		t.Error("another seed gives the same splits")
	}
}

// TestDividerIsExact has the sizes of apportion whatever the number of rows.
func TestDividerIsExact(t *testing.T) {
	shares := []Share{{"a", 0.5}, {"b", 0.3}, {"c", 0.15}, {"d", 0.05}}
	for n := 1; n <= 300; n++ {
		d := newDivider([]int{n / 3, n - n/3}, shares, uint64(n))
		got := make([]uint64, len(shares))
		for k := range n / 3 {
			got[d.split(0, k)]++
		}
		for k := range n - n/3 {
			got[d.split(1, k)]++
		}
		if want := apportion(uint64(n), shares); !slices.Equal(got, want) {
			t.Fatalf("%d rows: sizes %v, want %v", n, got, want)
		}
	}
}
