package task

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"t5train/data/parquetio"
)

func columns(specs ...string) []parquetio.Column {
	var list []parquetio.Column
	for _, s := range specs { // name:type, name:class=a/b
		name, kind, _ := strings.Cut(s, ":")
		kind, classes, isClass := strings.Cut(kind, "=")
		c := parquetio.Column{Name: name, Type: kind}
		if isClass {
			c.Type, c.ClassLabels = parquetio.TypeInt, strings.Split(classes, "/")
		}
		list = append(list, c)
	}
	return list
}

func distinct(cells ...parquetio.Cell) func(string, int) ([]parquetio.Cell, error) {
	return func(string, int) ([]parquetio.Cell, error) { return cells, nil }
}

func TestInfer_Classification(t *testing.T) {
	ab := []Label{{"a", "a", "0"}, {"b", "b", "1"}}
	cases := []struct {
		name    string
		columns []parquetio.Column
		options Options
		texts   string // joined by commas
		label   string
		labels  []Label
		said    []string
	}{
		{"one string column", columns("sms:string", "label:class=a/b"), Options{}, "sms", "label", ab,
			[]string{"label column: label (the only ClassLabel)", "text column: sms (the only string column)", "labels: 0 (a), 1 (b) (the column's class names)"}},
		{"usual name", columns("sentence:string", "label:class=a/b", "idx:int", "source:string"), Options{}, "sentence", "label", ab,
			[]string{"text column: sentence (a usual name; left out: source)"}},
		{"pair", columns("idx:int", "sentence1:string", "sentence2:string", "label:class=a/b"), Options{}, "sentence1,sentence2", "label", ab,
			[]string{"text columns: sentence1, sentence2 (a known pair)"}},
		{"pair in T5's order", columns("premise:string", "hypothesis:string", "label:class=a/b"), Options{}, "hypothesis,premise", "label", ab, nil},
		{"all strings but ids", columns("uid_id:string", "left:string", "right:string", "label:class=a/b"), Options{}, "left,right", "label", ab,
			[]string{"text columns: left, right (all string columns)"}},
		{"string labels", columns("text:string", "label:string"), Options{Distinct: distinct(str("pos"), str("neg"), str("mixed"))}, "text", "label",
			[]Label{{"mixed", "mixed", ""}, {"neg", "neg", ""}, {"pos", "pos", ""}},
			[]string{"label column: label (by its name)", "labels: mixed, neg, pos (the column's different values, sorted)"}},
		{"int labels", columns("text:string", "labels:int"), Options{Distinct: distinct(num(10), num(-1), num(2))}, "text", "labels",
			[]Label{{"2", "2", "2"}, {"10", "10", "10"}}, []string{"labels: 2, 10 (the"}},
		{"bool labels", columns("text:string", "label:bool"), Options{}, "text", "label",
			[]Label{{"False", "False", "false"}, {"True", "True", "true"}}, nil},
		{"named beats other classes", columns("text:string", "fine:class=x/y", "label:class=a/b"), Options{}, "text", "label", ab, nil},
		{"options", columns("text:string", "other:string", "coarse:class=a/b", "fine:class=x/y"),
			Options{TextColumns: []string{"other", "text"}, LabelColumn: "coarse", Labels: []string{"yes", "no"}}, "other,text", "coarse",
			[]Label{{"a", "yes", "0"}, {"b", "no", "1"}},
			[]string{"label column: coarse (--label-column)", "text columns: other, text (--text-column)", `labels: 0 (a) written "yes", 1 (b) written "no" (--labels)`}},
		{"given labels of an int column", columns("text:string", "label:int"), Options{Labels: []string{"no", "yes"}}, "text", "label",
			[]Label{{"no", "no", "0"}, {"yes", "yes", "1"}}, nil},
		{"given labels of a string column", columns("text:string", "label:string"), Options{Labels: []string{"no", "yes"}}, "text", "label",
			[]Label{{"no", "no", ""}, {"yes", "yes", ""}}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			prefix := "p"
			c.options.Name, c.options.Prefix = Classification, &prefix
			got, said, err := Infer(c.columns, c.options)
			if err != nil {
				t.Fatal(err)
			}
			want := Spec{Name: Classification, Prefix: "p", TextColumns: strings.Split(c.texts, ","), LabelColumn: c.label, Labels: c.labels}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			for _, line := range c.said {
				if !strings.Contains(strings.Join(said, "\n"), line) {
					t.Errorf("said %q, want %q in it", said, line)
				}
			}
		})
	}
}

func TestInfer_Seq2Seq(t *testing.T) {
	cases := []struct {
		name           string
		columns        []parquetio.Column
		options        Options
		source, target string
	}{
		{"known pair", columns("id:string", "summary:string", "document:string"), Options{}, "document", "summary"},
		{"both options", columns("en:string", "de:string"), Options{TextColumns: []string{"de"}, TargetColumn: "en"}, "de", "en"},
		{"source completes", columns("article:string", "summary:string", "highlights:string"), Options{TargetColumn: "highlights"}, "article", "highlights"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.options.Name = Seq2Seq
			got, said, err := Infer(c.columns, c.options)
			want := Spec{Name: Seq2Seq, TextColumns: []string{c.source}, TargetColumn: c.target}
			if err != nil || !reflect.DeepEqual(got, want) || len(said) != 2 {
				t.Errorf("got %+v, %q, %v, want %+v", got, said, err, want)
			}
		})
	}
}

func TestInfer_Errors(t *testing.T) {
	failing := func(string, int) ([]parquetio.Cell, error) { return nil, errors.New("more than 1000 different values") }
	tokens := parquetio.Column{Name: "tokens", Type: parquetio.TypeString, Lists: 1}
	cases := []struct {
		name    string
		columns []parquetio.Column
		options Options
		parts   []string
	}{
		{"no task", columns("text:string"), Options{}, []string{`name is ""`, "classification", "seq2seq"}},
		{"two classes", columns("text:string", "coarse:class=a/b", "fine:class=x/y"), Options{Name: Classification}, []string{"coarse (ClassLabel), fine (ClassLabel)", "--label-column"}},
		{"no label", columns("text:string", "stars:int", "idx:int"), Options{Name: Classification}, []string{"stars (int)", "--label-column"}},
		{"regression", columns("text:string", "label:float"), Options{Name: Classification}, []string{"label is of type float"}},
		{"two texts", columns("text:string", "review:string", "label:class=a/b"), Options{Name: Classification}, []string{"text or in review", "--text-column"}},
		{"two pairs", columns("sentence1:string", "sentence2:string", "question1:string", "question2:string", "label:class=a/b"), Options{Name: Classification}, []string{"sentence1,sentence2 or in question1,question2"}},
		{"no text", columns("idx:int", "label:class=a/b"), Options{Name: Classification}, []string{"no string column", "idx (int)", "--text-column"}},
		{"unknown text column", columns("sms:string", "label:class=a/b"), Options{Name: Classification, TextColumns: []string{"text"}}, []string{"--text-column text", "sms (string)"}},
		{"no list for text", append(columns("label:class=a/b"), tokens), Options{Name: Classification}, []string{"no string column", "tokens (list of string)"}},
		{"unknown label column", columns("sms:string", "label:class=a/b"), Options{Name: Classification, LabelColumn: "y"}, []string{"--label-column y", "label (ClassLabel)"}},
		{"label is text", columns("sms:string"), Options{Name: Classification, LabelColumn: "sms", TextColumns: []string{"sms"}, Labels: []string{"a", "b"}}, []string{"label column", "sms"}},
		{"too few labels given", columns("sms:string", "label:class=a/b"), Options{Name: Classification, Labels: []string{"x"}}, []string{"1 texts", "2 labels", "0 (a), 1 (b)"}},
		{"same labels given", columns("sms:string", "label:class=a/b"), Options{Name: Classification, Labels: []string{"x", "x"}}, []string{`"x"`}},
		{"nothing to scan with", columns("sms:string", "label:string"), Options{Name: Classification}, []string{"--labels"}},
		{"too many values", columns("sms:string", "label:string"), Options{Name: Classification, Distinct: failing}, []string{"column label", "more than 1000", "--label-column"}},
		{"one value", columns("sms:string", "label:string"), Options{Name: Classification, Distinct: distinct(str("a"))}, []string{"1 labels"}},
		{"target for classification", columns("sms:string", "label:class=a/b"), Options{Name: Classification, TargetColumn: "label"}, []string{"--label-column"}},
		{"languages", columns("en:string", "de:string"), Options{Name: Seq2Seq}, []string{"en (string), de (string)", "--text-column", "--target-column"}},
		{"two targets", columns("article:string", "summary:string", "highlights:string"), Options{Name: Seq2Seq}, []string{"[article highlights] [article summary]", "--target-column"}},
		{"two sources", columns("a:string", "b:string"), Options{Name: Seq2Seq, TextColumns: []string{"a", "b"}}, []string{"a, b", "want one"}},
		{"unknown target", columns("a:string"), Options{Name: Seq2Seq, TextColumns: []string{"a"}, TargetColumn: "b"}, []string{"--target-column b"}},
		{"source is target", columns("a:string"), Options{Name: Seq2Seq, TextColumns: []string{"a"}, TargetColumn: "a"}, []string{"target column"}},
		{"labels for seq2seq", columns("input:string", "target:string"), Options{Name: Seq2Seq, Labels: []string{"a"}}, []string{"--labels"}},
		{"label column for seq2seq", columns("input:string", "target:string"), Options{Name: Seq2Seq, LabelColumn: "a"}, []string{"--target-column"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := Infer(c.columns, c.options)
			wantError(t, err, append(c.parts, "infer the task")...)
		})
	}
}

// TestInfer_RealData infers the task of public data sets from their schemas.
func TestInfer_RealData(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "data")
	cases := []struct{ folder, name, columns, err string }{
		{"sms_spam", Classification, "sms label", ""},
		{"sst2", Classification, "sentence label", ""},
		{"cola", Classification, "sentence label", ""},
		{"mrpc", Classification, "sentence1 sentence2 label", ""},
		{"banking77", Classification, "text label", ""},
		{"trec", Classification, "", "--label-column"},
		{"stsb", Classification, "", "float"},
		{"scitldr_flat", Seq2Seq, "document summary", ""},
		{"multi30k_en_de", Seq2Seq, "", "--target-column"},
	}
	for _, c := range cases {
		t.Run(c.folder, func(t *testing.T) {
			set, err := parquetio.Open(filepath.Join(root, c.folder))
			if err != nil {
				t.Skip("no shared data")
			}
			spec, _, err := Infer(set.Columns(), Options{Name: c.name})
			if c.err != "" {
				wantError(t, err, c.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(spec.Columns(), " "); got != c.columns {
				t.Errorf("got %s, want %s", got, c.columns)
			}
		})
	}
}
