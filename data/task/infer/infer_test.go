package infer

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/data/task"
)

func str(s string) table.Cell { return table.Cell{Kind: table.String, Str: s} }
func num(i int64) table.Cell  { return table.Cell{Kind: table.Int, Int: i} }

func columns(specs ...string) (d Data) {
	for _, s := range specs { // name:type, name:class=a/b
		name, kind, _ := strings.Cut(s, ":")
		kind, classes, isClass := strings.Cut(kind, "=")
		c := table.Column{Name: name, Type: kind}
		if isClass {
			c.Type, c.ClassLabels = table.TypeInt, strings.Split(classes, "/")
		}
		d.Columns = append(d.Columns, c)
	}
	return d
}

// lists are columns of lists of a type.
func lists(specs ...string) Data {
	d := columns(specs...)
	for i := range d.Columns {
		d.Columns[i].Lists = 1
	}
	return d
}

func both(a, b Data) Data { return Data{Columns: append(a.Columns, b.Columns...)} }

func distinct(d Data, cells ...table.Cell) Data {
	d.Distinct = func(string, int) ([]table.Cell, error) { return cells, nil }
	return d
}

// labels are of name, text and value each.
func labels(parts ...string) (all []task.Label) {
	for p := range slices.Chunk(parts, 3) {
		all = append(all, task.Label{Name: p[0], Text: p[1], Value: p[2]})
	}
	return all
}

// lines are notes as a console shows them.
func lines(notes []Note) string {
	var b strings.Builder
	for _, n := range notes {
		fmt.Fprintf(&b, "%s: %s\n", n.Key, n.Text())
	}
	return b.String()
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

func TestInfer_Classification(t *testing.T) {
	ab := labels("a", "a", "0", "b", "b", "1")
	cases := []struct {
		name    string
		data    Data
		options task.Spec
		texts   string // joined by commas
		label   string
		labels  []task.Label
		said    []string
	}{
		{"one string column", columns("sms:string", "label:class=a/b"), task.Spec{}, "sms", "label", ab,
			[]string{"label column: label (the only ClassLabel)", "text column: sms (the only string column)",
				"labels: 0 (a), 1 (b) (the column's class names)"}},
		{"usual name", columns("sentence:string", "label:class=a/b", "idx:int", "source:string"), task.Spec{},
			"sentence",
			"label", ab,
			[]string{"text column: sentence (a usual name; left out: source)"}},
		{"pair", columns("idx:int", "sentence1:string", "sentence2:string", "label:class=a/b"), task.Spec{},
			"sentence1,sentence2", "label", ab,
			[]string{"text columns: sentence1, sentence2 (a known pair)"}},
		{"pair in T5's order", columns("premise:string", "hypothesis:string", "label:class=a/b"), task.Spec{},
			"hypothesis,premise", "label", ab, nil},
		{"all strings but ids", columns("uid_id:string", "left:string", "right:string", "label:class=a/b"), task.Spec{},
			"left,right", "label", ab,
			[]string{"text columns: left, right (all string columns)"}},
		{"string labels", distinct(columns("text:string", "label:string"), str("pos"), str("neg"), str("mixed")),
			task.Spec{},
			"text", "label",
			labels("mixed", "mixed", "", "neg", "neg", "", "pos", "pos", ""),
			[]string{"label column: label (by its name)",
				"labels: mixed, neg, pos (the column's different values, sorted)"}},
		{"int labels", distinct(columns("text:string", "labels:int"), num(10), num(-1), num(2)), task.Spec{}, "text",
			"labels",
			labels("2", "2", "2", "10", "10", "10"), []string{"labels: 2, 10 (the"}},
		{"bool labels", columns("text:string", "label:bool"), task.Spec{}, "text", "label",
			labels("False", "False", "false", "True", "True", "true"), nil},
		{"named beats other classes", columns("text:string", "fine:class=x/y", "label:class=a/b"), task.Spec{}, "text",
			"label", ab, nil},
		{"options", columns("text:string", "other:string", "coarse:class=a/b", "fine:class=x/y"),
			task.Spec{TextColumns: []string{"other", "text"}, LabelColumn: "coarse",
				LabelTexts: []string{"yes", "no"}}, "other,text", "coarse",
			labels("a", "yes", "0", "b", "no", "1"),
			[]string{"label column: coarse (task.label_column)", "text columns: other, text (task.text_columns)",
				`labels: 0 (a) written "yes", 1 (b) written "no" (task.labels)`}},
		{"given labels of an int column", columns("text:string", "label:int"),
			task.Spec{LabelTexts: []string{"no", "yes"}},
			"text", "label",
			labels("no", "no", "0", "yes", "yes", "1"), nil},
		{"given labels of a string column", columns("text:string", "label:string"),
			task.Spec{LabelTexts: []string{"no", "yes"}}, "text", "label",
			labels("no", "no", "", "yes", "yes", ""), nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			prefix := "p"
			c.options.Name, c.options.Prefix = task.Classification, &prefix
			got, said, err := Task(c.data, c.options)
			if err != nil {
				t.Fatal(err)
			}
			want := task.Spec{Name: task.Classification, Prefix: new("p"), TextColumns: strings.Split(c.texts, ","),
				LabelColumn: c.label, Labels: c.labels}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			for _, line := range c.said {
				if !strings.Contains(lines(said), line) {
					t.Errorf("said %q, want %q in it", said, line)
				}
			}
		})
	}
}

func TestInfer_Seq2Seq(t *testing.T) {
	cases := []struct {
		name           string
		data           Data
		options        task.Spec
		source, target string
	}{
		{"known pair", columns("id:string", "summary:string", "document:string"), task.Spec{}, "document", "summary"},
		{"both options", columns("en:string", "de:string"), task.Spec{TextColumns: []string{"de"}, TargetColumn: "en"},
			"de",
			"en"},
		{"source completes", columns("article:string", "summary:string", "highlights:string"),
			task.Spec{TargetColumn: "highlights"}, "article", "highlights"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.options.Name = task.Seq2Seq
			got, said, err := Task(c.data, c.options)
			want := task.Spec{Name: task.Seq2Seq, TextColumns: []string{c.source}, TargetColumn: c.target}
			if err != nil || !reflect.DeepEqual(got, want) || len(said) != 2 {
				t.Errorf("got %+v, %q, %v, want %+v", got, said, err, want)
			}
		})
	}
}

func TestInfer_Errors(t *testing.T) {
	failing := columns("sms:string", "label:string")
	failing.Distinct = func(string, int) ([]table.Cell, error) {
		return nil,
			errors.New("more than 1000 different values")
	}
	cases := []struct {
		name    string
		data    Data
		options task.Spec
		parts   []string
	}{
		{"no task", columns("text:string"), task.Spec{}, []string{`name is ""`, "classification", "seq2seq"}},
		{"two classes", columns("text:string", "coarse:class=a/b", "fine:class=x/y"),
			task.Spec{Name: task.Classification},
			[]string{"coarse (ClassLabel), fine (ClassLabel)", "task.label_column"}},
		{"no label", columns("text:string", "stars:int", "idx:int"), task.Spec{Name: task.Classification},
			[]string{"stars (int)", "task.label_column"}},
		{"a type that cannot be read", columns("text:map", "label:int"),
			task.Spec{Name: task.Classification, TextColumns: []string{"text"}, LabelColumn: "label"},
			[]string{"task.text_columns text: the column is of type map, which cannot be read: string, int, float, " +
				"bool, date"}},
		{"regression", columns("text:string", "label:float"), task.Spec{Name: task.Classification},
			[]string{"label is of type float"}},
		{"two texts", columns("text:string", "review:string", "label:class=a/b"), task.Spec{Name: task.Classification},
			[]string{"text or in review", "task.text_columns"}},
		{"two pairs", columns("sentence1:string", "sentence2:string", "question1:string", "question2:string",
			"label:class=a/b"), task.Spec{Name: task.Classification},
			[]string{"sentence1,sentence2 or in question1,question2"}},
		{"no text", columns("idx:int", "label:class=a/b"), task.Spec{Name: task.Classification},
			[]string{"no string column", "idx (int)", "task.text_columns"}},
		{"unknown text column", columns("sms:string", "label:class=a/b"),
			task.Spec{Name: task.Classification, TextColumns: []string{"text"}},
			[]string{"task.text_columns text", "sms (string)"}},
		{"no list for text", both(columns("label:class=a/b"), lists("tokens:string")),
			task.Spec{Name: task.Classification},
			[]string{"no string column", "tokens (list of string)"}},
		{"unknown label column", columns("sms:string", "label:class=a/b"),
			task.Spec{Name: task.Classification, LabelColumn: "y"}, []string{"task.label_column y",
				"label (ClassLabel)"}},
		{"label is text", columns("sms:string"), task.Spec{Name: task.Classification, LabelColumn: "sms",
			TextColumns: []string{"sms"}, LabelTexts: []string{"a", "b"}}, []string{"task.label_column", "sms"}},
		{"too few labels given", columns("sms:string", "label:class=a/b"),
			task.Spec{Name: task.Classification, LabelTexts: []string{"x", "y", "z"}}, []string{"3 texts", "2 labels",
				"0 (a), 1 (b)"}},
		{"same labels given", columns("sms:string", "label:class=a/b"),
			task.Spec{Name: task.Classification, LabelTexts: []string{"x", "x"}}, []string{`"x"`}},
		{"nothing to scan with", columns("sms:string", "label:string"), task.Spec{Name: task.Classification},
			[]string{"task.labels"}},
		{"too many values", failing, task.Spec{Name: task.Classification},
			[]string{"column label", "more than 1000", "task.label_column"}},
		{"one value", distinct(columns("sms:string", "label:string"), str("a")), task.Spec{Name: task.Classification},
			[]string{`column label holds one value alone, "a"`, "task.labels"}},
		{"hidden labels", distinct(columns("sms:string", "label:int"), num(-1)), task.Spec{Name: task.Classification},
			[]string{"all -1 or null", "test split"}},
		{"no labels", distinct(columns("sms:string", "label:string")), task.Spec{Name: task.Classification},
			[]string{"null in every row"}},
		{"target for classification", columns("sms:string", "label:class=a/b"),
			task.Spec{Name: task.Classification, TargetColumn: "label"}, []string{"task.label_column"}},
		{"languages", columns("en:string", "de:string"), task.Spec{Name: task.Seq2Seq},
			[]string{"en (string), de (string)", "task.text_columns", "task.target_column"}},
		{"two targets", columns("article:string", "summary:string", "highlights:string"), task.Spec{Name: task.Seq2Seq},
			[]string{"[article highlights] [article summary]", "task.target_column"}},
		{"two sources", columns("a:string", "b:string"), task.Spec{Name: task.Seq2Seq, TextColumns: []string{"a", "b"}},
			[]string{"2 columns", "want 1"}},
		{"unknown target", columns("a:string"), task.Spec{Name: task.Seq2Seq, TextColumns: []string{"a"},
			TargetColumn: "b"},
			[]string{"task.target_column b"}},
		{"source is target", columns("a:string"), task.Spec{Name: task.Seq2Seq, TextColumns: []string{"a"},
			TargetColumn: "a"}, []string{"task.target_column"}},
		{"labels for seq2seq", columns("input:string", "target:string"),
			task.Spec{Name: task.Seq2Seq, LabelTexts: []string{"a"}}, []string{"task.labels"}},
		{"label column for seq2seq", columns("input:string", "target:string"),
			task.Spec{Name: task.Seq2Seq, LabelColumn: "a"}, []string{"task.target_column"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := Task(c.data, c.options)
			wantError(t, err, append(c.parts, "infer the task")...)
		})
	}
}

// TestInfer_RealData infers the task of public data sets from their schemas: it just works, or it asks precisely.
func TestInfer_RealData(t *testing.T) {
	root := filepath.Join("..", "..", "..", "..", "shared", "data")
	cases := []struct {
		folder, name string
		want         string // columns, then the prefix or how labels are written; or a part of the error
		asks         bool
	}{
		{"sms_spam", task.Classification, "sms label ham spam", false},
		{"sst2", task.Classification, "sentence label negative positive", false},
		{"sst2", "glue/sst2", "sentence label negative positive", false},
		{"cola", task.Classification, "sentence label unacceptable acceptable", false},
		{"cola", "glue/cola", "sentence label unacceptable acceptable", false},
		{"mrpc", task.Classification, "sentence1 sentence2 label not_equivalent equivalent", false},
		{"mrpc", "glue/mrpc", "sentence1 sentence2 label not_equivalent equivalent", false},
		{"banking77", task.Classification, "text label", false},
		{"trec", task.Classification,
			"any of coarse_label (ClassLabel), fine_label (ClassLabel): choose with task.label_column", true},
		{"stsb", task.Classification, "float", true},
		{"stsb", task.Regression, "sentence1 sentence2 label", false},
		{"stsb", "glue/stsb", "sentence1 sentence2 label", false},
		{"wnut17", task.NER, "tokens ner_tags corporation creative-work group location person product", false},
		{"scitldr", task.Summarization, "source target summarize: ", false},
		{"scitldr", task.Seq2Seq, "source target ", false},
		{"scitldr_flat", task.Summarization, "document summary summarize: ", false},
		{"scitldr_flat", task.Seq2Seq, "document summary ", false},
		{"multi30k_en_de", task.Translation, "en de translate English to German: ", false},
		{"multi30k_en_de", "wmt/de-en", "de en translate German to English: ", false},
		{"multi30k_en_de", task.Seq2Seq,
			"among en (string), de (string): choose with task.text_columns and task.target_column", true},
		{"tatoeba_en_fr", task.Translation, "translation.en translation.fr translate English to French: ", false},
		{"tatoeba_en_fr", "wmt/en-de", "task.target_language de: 0 columns are of this language", true},
		{"xquad_en", task.QuestionAnswering, "question context answers.text ", false},
		{"xquad_en", "squad", "question context answers.text ", false},
		{"policyqa", task.QuestionAnswering, "question context answers.text ", false},
		{"policyqa", "squad_trivia", "question answers.text ", false},
		{"cmudict_g2p", task.Seq2Seq, "word phonemes ", false},
		{"cmudict_g2p", task.Template, "task.template", true},
		{"sms_spam", task.NER, "no column of lists fits ner: the columns are sms (string)", true},
		{"sms_spam", "glue/cola", "glue/cola has the columns sentence, label, but there is no sentence", true},
		{"trec", "glue/mnli", "task.label_column", true},
	}
	for _, c := range cases {
		t.Run(c.folder+" "+c.name, func(t *testing.T) {
			set, err := parquetio.Open(filepath.Join(root, c.folder, "validation-*"))
			if err != nil {
				t.Skip("no shared data")
			}
			spec, said, err := Task(Data{Columns: set.Columns()}, task.Spec{Name: c.name})
			if c.asks {
				wantError(t, err, c.want)
				return
			}
			if err != nil || len(said) == 0 {
				t.Fatal(said, err)
			}
			parts := append(spec.Columns(), spec.InputPrefix())
			if labels := append(slices.Clone(spec.Labels), spec.Entities...); len(labels) > 0 {
				parts = spec.Columns()
				for _, l := range labels[:min(len(labels), 6)] {
					parts = append(parts, l.Text)
				}
			}
			if got := strings.Join(parts, " "); got != c.want && !(len(spec.Labels) > 6 &&
				strings.HasPrefix(got, c.want)) &&
				strings.TrimSpace(got) != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			// Every row of it becomes an example.
			err = set.Scan(t.Context(), spec.Columns(), func(row int64, cells []table.Cell) error {
				if _, err := spec.Train(cells); err != nil {
					return fmt.Errorf("row %d: %w", row, err)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
