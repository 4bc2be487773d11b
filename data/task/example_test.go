package task

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"t5train/data/table"
)

func str(s string) table.Cell { return table.Cell{Kind: table.String, Str: s} }
func num(i int64) table.Cell  { return table.Cell{Kind: table.Int, Int: i} }

func spam() Spec {
	return Spec{
		Name: Classification, Prefix: new("sms_spam"), TextColumns: []string{"sms"}, LabelColumn: "label",
		Labels: []Label{{"ham", "ham", "0"}, {"spam", "junk mail", "1"}},
	}
}

func pairs() Spec {
	s := spam()
	s.Prefix, s.TextColumns = new("mrpc"), []string{"sentence1", "sentence2"}
	return s
}

func translation() Spec {
	return Spec{Name: Seq2Seq, Prefix: new("translate English to German: "), TextColumns: []string{"en"},
		TargetColumn: "de"}
}

func with(s Spec, change func(*Spec)) Spec {
	change(&s)
	return s
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}

// Texts of cells are parts of a page, which an example must not hold on to.
func TestHeldOutKeepsNoPage(t *testing.T) {
	list := func(items ...table.Cell) table.Cell {
		return table.Cell{Kind: table.List, Items: items}
	}
	for name, c := range map[string]struct {
		spec  Spec
		cells []table.Cell
	}{
		"plain text and target": {Spec{Name: Seq2Seq, TextColumns: []string{"en"}, TargetColumn: "de"},
			[]table.Cell{str("Hello."), str("Hallo.")}},
		"answers": {Spec{Name: Seq2Seq, TextColumns: []string{"en"}, TargetColumn: "de"},
			[]table.Cell{str("Hello."), list(str("Hallo."), str("Guten Tag."))}},
		"a group": {Spec{Name: Seq2Seq, TextColumns: []string{"en"}, TargetColumn: "de",
			GroupColumns: []string{"id"}}, []table.Cell{str("Hello."), str("Hallo."), str("first")}},
		"entities": {Spec{Name: NER, TextColumns: []string{"tokens"}, LabelColumn: "tags",
			Entities: []Label{{Name: "PER", Text: "person"}}},
			[]table.Cell{list(str("Ada"), str("Lovelace")), list(str("B-PER"), str("I-PER"))}},
		"a template": {Spec{Name: Template, TextColumns: []string{"a"}, Template: "{a}", TargetTemplate: "{b}"},
			[]table.Cell{str("Hello."), str("Hallo.")}},
		"a referent": {Spec{Name: Seq2Seq, Rule: WNLI, TextColumns: []string{"premise", "hypothesis"},
			LabelColumn: "label"},
			[]table.Cell{str("The dog ran because it was happy."), str("The dog was happy."), num(1)}},
	} {
		want, wantRef, err := c.spec.HeldOut(c.cells)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var pages [][]byte
		got, ref, err := c.spec.HeldOut(onPages(c.cells, &pages))
		for _, page := range pages {
			clear(page)
		}
		if err != nil || got != want || !reflect.DeepEqual(ref, wantRef) {
			t.Errorf("%s: got %+v, %+v, %v, want %+v, %+v", name, got, ref, err, want, wantRef)
		}
	}
}

// onPages returns cells whose texts are in memory that changes.
func onPages(cells []table.Cell, pages *[][]byte) []table.Cell {
	moved := slices.Clone(cells)
	for i, c := range moved {
		moved[i].Items = onPages(c.Items, pages)
		if c.Str != "" {
			page := []byte(c.Str)
			*pages = append(*pages, page)
			moved[i].Str = unsafe.String(&page[0], len(page))
		}
	}
	return moved
}

func TestExample(t *testing.T) {
	cases := []struct {
		name  string
		spec  Spec
		cells []table.Cell
		want  Example
	}{
		{"one column", spam(), []table.Cell{str("Free entry\n"), num(1)},
			Example{"sms_spam sms: Free entry", "junk mail", 1, 0}},
		{"white space inside and before stays", spam(), []table.Cell{str("  a \n\tb \r\n "), num(0)},
			Example{"sms_spam sms:   a \n\tb", "ham", 0, 0}},
		{"empty text", spam(), []table.Cell{str(""), num(0)}, Example{"sms_spam sms:", "ham", 0, 0}},
		{"no prefix", with(spam(), func(s *Spec) { s.Prefix = nil }), []table.Cell{str("hi"), num(0)},
			Example{"sms: hi", "ham", 0, 0}},
		{"label by name", spam(), []table.Cell{str("x"), str("spam")}, Example{"sms_spam sms: x", "junk mail", 1, 0}},
		{"label by text", spam(), []table.Cell{str("x"), str("junk mail ")},
			Example{"sms_spam sms: x", "junk mail", 1, 0}},
		{"two columns", pairs(), []table.Cell{str("A ."), str("B ."), num(0)},
			Example{"mrpc sentence1: A . sentence2: B .", "ham", 0, 0}},
		{"two columns in another order", with(pairs(),
			func(s *Spec) { s.TextColumns = []string{"sentence2", "sentence1"} }),
			[]table.Cell{str("B"), str("A"), num(0)}, Example{"mrpc sentence2: B sentence1: A", "ham", 0, 0}},
		{"seq2seq", translation(), []table.Cell{str("Hello.\n"), str("Hallo.\n")},
			Example{"translate English to German: Hello.", "Hallo.", -1, 0}},
		{"seq2seq, numbers", with(translation(), func(s *Spec) { s.Prefix = nil }),
			[]table.Cell{num(3), {Kind: table.Float, Float: 0.5}}, Example{"3", "0.5", -1, 0}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := c.spec.HeldOut(c.cells)
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestExample_Errors(t *testing.T) {
	null := table.Cell{}
	cases := []struct {
		name  string
		spec  Spec
		cells []table.Cell
		parts []string
	}{
		{"label -1", spam(), []table.Cell{str("x"), num(-1)}, []string{"column label holds -1", "0 (ham)", "1 (spam)",
			"another file"}},
		{"label too large", spam(), []table.Cell{str("x"), num(2)}, []string{"holds 2", "task.labels"}},
		{"label unknown", spam(), []table.Cell{str("x"), str("eggs")}, []string{`"eggs"`, "ham"}},
		{"number written as text", spam(), []table.Cell{str("x"), str("1")}, []string{`"1"`}},
		{"label null", spam(), []table.Cell{str("x"), null}, []string{"label is null"}},
		{"text null", pairs(), []table.Cell{str("x"), null, num(0)}, []string{"sentence2 is null"}},
		{"target null", translation(), []table.Cell{str("x"), null}, []string{"de is null"}},
		{"too few cells", spam(), []table.Cell{str("x")}, []string{"1 cells, want 2", "sms", "label"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := c.spec.HeldOut(c.cells)
			wantError(t, err, c.parts...)
		})
	}
}

func TestDecode(t *testing.T) {
	for text, want := range map[string]int{"ham": 0, " junk mail\n": 1, "spam": -1, "Ham": -1, "": -1, "ham ham": -1} {
		if got := spam().Decode(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
	for _, s := range []Spec{spam(), pairs()} { // what training writes, decoding understands
		for i, l := range s.Labels {
			if got := s.Decode(l.Text); got != i {
				t.Errorf("%q: got %d, want %d", l.Text, got, i)
			}
		}
	}
}

func inputFromJSON(s Spec, line []byte) (string, error) {
	object, err := table.ReadObject(line)
	if err != nil {
		return "", err
	}
	cells, err := object.Cells(s.TextColumns)
	if err != nil {
		return "", err
	}
	texts := make([]string, len(cells))
	for i, c := range cells {
		if texts[i], err = s.Text(c); err != nil {
			return "", err
		}
	}
	return s.Input(texts)
}

func TestInputFrom(t *testing.T) {
	cases := []struct {
		name string
		spec Spec
		line string
		want string
	}{
		{"line", spam(), "Free entry\r\n", "sms_spam sms: Free entry"},
		{"line that looks like JSON's end", spam(), "}", "sms_spam sms: }"},
		{"object", spam(), `{"sms": "Fr\u00e9e\n", "label": 1}`, "sms_spam sms: Frée"},
		{"object with a number", spam(), ` {"sms": 1e3}`, "sms_spam sms: 1000"},
		{"object with two fields", pairs(), `{"sentence2": "B", "sentence1": "A"}`, "mrpc sentence1: A sentence2: B"},
		{"seq2seq", translation(), "Hello.", "translate English to German: Hello."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			from := c.spec.InputFromLine
			if strings.HasPrefix(strings.TrimSpace(c.line), "{") {
				from = func(line string) (string, error) { return inputFromJSON(c.spec, []byte(line)) }
			}
			if got, err := from(c.line); err != nil || got != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
	_, err := pairs().InputFromLine("A")
	wantError(t, err, "sentence1", "sentence2", "JSON")
	for line, part := range map[string]string{
		`{"sentence1": "A"}`:                        "sentence2",
		`{"sentence1": "A", "sentence2": null}`:     "null",
		`{"sentence1": "A", "sentence2": {"B": 1}}`: "is an object",
		`["A", "B"]`: "no JSON object",
		`null`:       "no JSON object",
		`{"a":`:      "no JSON object",
		``:           "no JSON object",
	} {
		_, err := inputFromJSON(pairs(), []byte(line))
		wantError(t, err, part)
	}
}

func TestSpec_JSON(t *testing.T) {
	record, _ := Named("super_glue/record")
	multirc, _ := Named("super_glue/multirc")
	stsb, _ := Named("glue/stsb")
	template := Spec{Name: Template, Template: "{a}", TextColumns: []string{"a"}, TargetTemplate: "{b}",
		Metrics: []string{BLEU}}
	for _, s := range []Spec{spam(), pairs(), translation(), people(), record, multirc, stsb, template} {
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back Spec
		if err := json.Unmarshal(raw, &back); err != nil || !reflect.DeepEqual(back, s) {
			t.Errorf("%s: got %v, %v", raw, back, err)
		}
	}
}

// TestSpec_OldJSON loads specs as checkpoints had them when there were two tasks.
func TestSpec_OldJSON(t *testing.T) {
	for raw, want := range map[string]Spec{
		`{"name":"classification","prefix":"sms_spam","text_columns":["sms"],"label_column":"label","labels":[{"name":"ham","text":"ham","value":"0"},{"name":"spam","text":"junk mail","value":"1"}]}`: spam(),
		`{"name":"seq2seq","prefix":"translate English to German: ","text_columns":["en"],"target_column":"de"}`:                                                                                        translation(),
	} {
		var got Spec
		if err := json.Unmarshal([]byte(raw), &got); err != nil || !reflect.DeepEqual(got, want) ||
			got.Validate() != nil {
			t.Errorf("%s: got %+v, %v", raw, got, err)
		}
		if back, err := json.Marshal(want); err != nil || string(back) != raw {
			t.Errorf("written as %s, %v, want %s", back, err, raw)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, s := range []Spec{spam(), pairs(), translation()} {
		if err := s.Validate(); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
	cases := []struct {
		name  string
		spec  Spec
		parts []string
	}{
		{"empty", Spec{}, []string{"no text column", `name is ""`}},
		{"everything", Spec{Name: Classification, TextColumns: []string{"a", "a"}, Labels: []Label{{"x", " ", ""}}},
			[]string{"different names", "label column", "1 labels", "label 0 (x) has no text"}},
		{"same texts", with(spam(), func(s *Spec) { s.Labels = []Label{{"a", "x", "0"}, {"b", " x", "1"}} }),
			[]string{"labels 0 and 1", `"x"`}},
		{"same names", with(spam(), func(s *Spec) { s.Labels = []Label{{"a", "x", "0"}, {"a", "y", "1"}} }),
			[]string{"both named"}},
		{"same values", with(spam(), func(s *Spec) { s.Labels = []Label{{"a", "x", "0"}, {"b", "y", "0"}} }),
			[]string{"value"}},
		{"label is text", with(spam(), func(s *Spec) { s.LabelColumn = "sms" }), []string{"label column"}},
		{"two sources", with(translation(), func(s *Spec) { s.TextColumns = []string{"a", "b"} }),
			[]string{"want 1"}},
		{"no target", with(translation(), func(s *Spec) { s.TargetColumn = "" }), []string{"target column"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantError(t, c.spec.Validate(), c.parts...) })
	}
}

func FuzzInputFromJSON(f *testing.F) {
	f.Add([]byte(`{"sentence1": "A", "sentence2": "B"}`))
	f.Add([]byte(`{"sentence1": "A", "sentence2": 1.5}`))
	f.Add([]byte(`{"sentence1": "A", "sentence2": null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, line []byte) {
		input, err := inputFromJSON(pairs(), line)
		if err == nil && !strings.HasPrefix(input, "mrpc sentence1:") {
			t.Errorf("%q gave %q", line, input)
		}
	})
}
