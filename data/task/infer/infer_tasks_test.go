package infer

import (
	"context"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/data/task"
)

func TestInfer_Tasks(t *testing.T) {
	prefix := "x: "
	tags := "O/B-PER/I-PER/B-LOC/I-LOC"
	types := labels("PER", "PER", "", "LOC", "LOC", "")
	names := strings.Split(tags, "/")
	ender := columns("en:string", "de:string", "ru:string")
	german := task.Spec{Name: task.Translation, Prefix: new("translate English to German: "),
		TextColumns:  []string{"en"},
		TargetColumn: "de"}
	cases := []struct {
		name    string
		data    Data
		options task.Spec
		want    task.Spec
		said    string
	}{
		{"regression", columns("a:string", "label:float", "idx:int"), task.Spec{Name: task.Regression},
			task.Spec{Name: task.Regression, TextColumns: []string{"a"}, LabelColumn: "label",
				RoundTo: new(.2)}, "label column: label (the only float column)"},
		{"a rating", columns("review:string", "stars:int", "votes:int"),
			task.Spec{Name: task.Regression, RoundTo: new(1.0)},
			task.Spec{Name: task.Regression, TextColumns: []string{"review"}, LabelColumn: "stars",
				RoundTo: new(1.0)}, "written as multiples of 1"},
		{"entities", both(lists("tokens:string", "ner_tags:class="+tags, "pos_tags:class=X/Y"), columns("id:string")),
			task.Spec{Name: task.NER},
			task.Spec{Name: task.NER, TextColumns: []string{"tokens"}, LabelColumn: "ner_tags", Tags: names,
				Entities: types}, "types of entities: PER, LOC (in the tags' class names)"},
		{"entities written otherwise", lists("words:string", "x:class="+tags),
			task.Spec{Name: task.NER, LabelTexts: []string{"person", "location"}},
			task.Spec{Name: task.NER, TextColumns: []string{"words"}, LabelColumn: "x", Tags: names,
				Entities: labels("PER", "person", "", "LOC", "location", "")},
			`PER written "person"`},
		{"tags as strings", distinct(lists("tokens:string", "tags:string"), str("O"), str("I-LOC"), str("B-PER"),
			str("B-LOC")), task.Spec{Name: task.NER},
			task.Spec{Name: task.NER, TextColumns: []string{"tokens"}, LabelColumn: "tags",
				Entities: labels("LOC", "LOC", "", "PER", "PER", "")}, "sorted"},
		{"two languages", columns("id:string", "en:string", "de:string"), task.Spec{Name: task.Translation}, german,
			"in the order of the columns"},
		{"the other one", columns("en:string", "de:string"), task.Spec{Name: task.Translation, SourceLanguage: "de"},
			task.Spec{Name: task.Translation, Prefix: new("translate German to English: "), TextColumns: []string{"de"},
				TargetColumn: "en"}, "target column: en (the other language)"},
		{"two of three", ender, task.Spec{Name: task.Translation, SourceLanguage: "en", TargetLanguage: "de"}, german,
			"the language asked for"},
		{"columns", columns("a:string", "b:string"), task.Spec{Name: task.Translation, TextColumns: []string{"a"},
			TargetColumn: "b", SourceLanguage: "en", TargetLanguage: "de"},
			task.Spec{Name: task.Translation, Prefix: german.Prefix, TextColumns: []string{"a"},
				TargetColumn: "b"}, "task.target_column"},
		{"an own prefix", columns("en:string", "de:string"), task.Spec{Name: task.Translation, Prefix: &prefix},
			task.Spec{Name: task.Translation, Prefix: new("x: "), TextColumns: []string{"en"}, TargetColumn: "de"}, ""},
		{"an unknown language", columns("en:string", "tlh:string"),
			task.Spec{Name: task.Translation, SourceLanguage: "en", TargetLanguage: "tlh"},
			task.Spec{Name: task.Translation, Prefix: new("translate English to tlh: "), TextColumns: []string{"en"},
				TargetColumn: "tlh"}, "language tlh: the name of this code is not known"},
		{"summaries", columns("article:string", "highlights:string", "id:string"), task.Spec{Name: task.Summarization},
			task.Spec{Name: task.Summarization, Prefix: new("summarize: "), TextColumns: []string{"article"},
				TargetColumn: "highlights"}, `prefix: "summarize: " (that of T5)`},
		{"questions", both(columns("question:string", "context:string"), lists("answers.text:string")),
			task.Spec{Name: task.QuestionAnswering},
			task.Spec{Name: task.QuestionAnswering, TextColumns: []string{"question", "context"},
				TargetColumn: "answers.text"}, "the word unanswerable"},
		{"questions elsewhere", columns("q:string", "passage:string", "a:string"),
			task.Spec{Name: task.QuestionAnswering, TextColumns: []string{"q", "passage"}, TargetColumn: "a"},
			task.Spec{Name: task.QuestionAnswering, TextColumns: []string{"q", "passage"}, TargetColumn: "a"}, ""},
		{"a template", columns("q:string", "c:string", "a:string"),
			task.Spec{Name: task.Template, Template: "{q} {c}", TargetTemplate: "{a}!"},
			task.Spec{Name: task.Template, Template: "{q} {c}", TextColumns: []string{"q", "c"},
				TargetTemplate: "{a}!"}, "target columns: a (task.target_template)"},
		{"a template of a class", columns("q:string", "l:class=no/yes"),
			task.Spec{Name: task.Template, Template: "{q}", TargetTemplate: "{l}!"},
			task.Spec{Name: task.Template, Template: "{q}", TextColumns: []string{"q"},
				TargetTemplate: "{l}!"}, "l has the numbers of classes"},
		{"a class as text", columns("q:string", "l:class=no/yes"),
			task.Spec{Name: task.Seq2Seq, TextColumns: []string{"q"}, TargetColumn: "l"},
			task.Spec{Name: task.Seq2Seq, TextColumns: []string{"q"},
				TargetColumn: "l"}, "and not their names, such as no"},
		{"a template and a column", columns("q:string", "a:string"),
			task.Spec{Name: task.Template, Template: "{q}?", TargetColumn: "a"},
			task.Spec{Name: task.Template, Template: "{q}?", TextColumns: []string{"q"},
				TargetColumn: "a"}, "target column: a (task.target_column)"},
		{"a template of another task", columns("title:string", "body:string", "summary:string"),
			task.Spec{Name: task.Summarization, Template: "{title}: {body}", TargetColumn: "summary"},
			task.Spec{Name: task.Summarization, Prefix: new("summarize: "), Template: "{title}: {body}",
				TextColumns: []string{"title", "body"}, TargetColumn: "summary"}, ""},
		{"metrics", columns("input:string", "target:string"), task.Spec{Name: task.Seq2Seq,
			Metrics: []string{task.BLEU}},
			task.Spec{Name: task.Seq2Seq, TextColumns: []string{"input"}, TargetColumn: "target",
				Metrics: []string{task.BLEU}}, ""},
		{"T5's columns by other names", columns("q:string", "c:string", "a:string"),
			task.Spec{Name: "squad", TextColumns: []string{"q", "c"}, TargetColumn: "a"},
			task.Spec{Name: task.QuestionAnswering, Rule: task.SQuAD, Template: "question: {q} context: {c}",
				TextColumns: []string{"q", "c"}, TargetColumn: "a", Metrics: []string{task.SQuADScores}},
			"columns: q, c, a (those of squad)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, said, err := Task(c.data, c.options)
			if err != nil || !reflect.DeepEqual(got, c.want) || !strings.Contains(lines(said), c.said) {
				t.Errorf("got %+v, %q, %v\nwant %+v, %q", got, said, err, c.want, c.said)
			}
		})
	}
}

func TestInfer_NamedLabels(t *testing.T) {
	for _, c := range []struct {
		name, task, label string
		want              []task.Label
	}{
		{"no class names", "glue/cola", "label:int", labels("unacceptable", "unacceptable", "0", "acceptable",
			"acceptable",
			"1")},
		{"the same names", "glue/cola", "label:class=unacceptable/acceptable",
			labels("unacceptable", "unacceptable", "0", "acceptable", "acceptable", "1")},
		{"in another order", "glue/cola", "label:class=acceptable/unacceptable",
			labels("unacceptable", "unacceptable", "1", "acceptable", "acceptable", "0")},
		{"other names", "glue/cola", "label:class=no/yes", labels("no", "unacceptable", "0", "yes", "acceptable", "1")},
		{"a bool", "glue/cola", "label:bool", labels("unacceptable", "unacceptable", "false", "acceptable",
			"acceptable",
			"true")},
	} {
		got, _, err := Task(columns("sentence:string", c.label), task.Spec{Name: c.task})
		if err != nil || !reflect.DeepEqual(got.Labels, c.want) {
			t.Errorf("%s: got %+v, %v", c.name, got.Labels, err)
		}
	}
	got, _, err := Task(columns("sentence:string", "label:int"),
		task.Spec{Name: "glue/cola", LabelTexts: []string{"bad", "good"}})
	if err != nil || got.Labels[0] != (labels("unacceptable", "bad", "0")[0]) {
		t.Errorf("task.labels: got %+v, %v", got.Labels, err)
	}
	multirc := columns("paragraph:string", "question:string", "answer:string", "idx.paragraph:int", "idx.question:int",
		"label:int")
	got, _, err = Task(multirc, task.Spec{Name: "super_glue/multirc"})
	if err != nil || strings.Join(got.GroupColumns, " ") != "idx.paragraph idx.question" {
		t.Errorf("groups: got %+v, %v", got, err)
	}
}

func TestInfer_TasksErrors(t *testing.T) {
	text := columns("text:string", "label:class=a/b")
	cases := []struct {
		name    string
		data    Data
		options task.Spec
		parts   []string
	}{
		{"no number", text, task.Spec{Name: task.Regression}, []string{"no column of numbers", "label (ClassLabel)",
			"task.label_column"}},
		{"two numbers", columns("text:string", "x:float", "y:float"), task.Spec{Name: task.Regression},
			[]string{"x (float), y (float)", "task.label_column"}},
		{"a text for a number", columns("text:string", "x:string"), task.Spec{Name: task.Regression, LabelColumn: "x"},
			[]string{"task.label_column x", "float or int"}},
		{"a negative rounding", columns("text:string", "x:float"), task.Spec{Name: task.Regression, RoundTo: new(-1.0)},
			[]string{"round_to is -1, want a number from 1e-06 to 1e+06"}},
		{"a step that is too small", columns("text:string", "x:float"),
			task.Spec{Name: task.Regression, RoundTo: new(1e-45)},
			[]string{"round_to is 1e-45"}},
		{"a step that is too large", columns("text:string", "x:float"),
			task.Spec{Name: task.Regression, RoundTo: new(1e7)},
			[]string{"round_to is 1e+07"}},
		{"no lists", text, task.Spec{Name: task.NER}, []string{"no column of lists", "task.text_columns"}},
		{"two lists of tags", lists("tokens:string", "a:class=O/B-X", "b:class=O/B-Y"), task.Spec{Name: task.NER},
			[]string{"a (list of ClassLabel), b (list of ClassLabel)", "task.label_column"}},
		{"no scheme of tags", lists("tokens:string", "ner_tags:class=NOUN/VERB"), task.Spec{Name: task.NER},
			[]string{"ner_tags", `"NOUN"`}},
		{"only O", lists("tokens:string", "ner_tags:class=O"), task.Spec{Name: task.NER},
			[]string{"no types of entities"}},
		{"a text for a list", both(columns("text:string"), lists("ner_tags:class=O/B-X")),
			task.Spec{Name: task.NER, TextColumns: []string{"text"}}, []string{"task.text_columns text",
				"want a list"}},
		{"labels for other types", lists("tokens:string", "ner_tags:class=O/B-X"),
			task.Spec{Name: task.NER, LabelTexts: []string{"a", "b"}}, []string{"2 texts", "1 types"}},
		{"three languages", columns("en:string", "de:string", "fr:string"), task.Spec{Name: task.Translation},
			[]string{"task.source_language and task.target_language", "fr (string)"}},
		{"no such language", columns("en:string", "de:string"), task.Spec{Name: task.Translation, SourceLanguage: "fr"},
			[]string{"task.source_language fr", "en (string), de (string)"}},
		{"one language twice", columns("en:string", "de:string"), task.Spec{Name: task.Translation,
			SourceLanguage: "en",
			TargetLanguage: "en"}, []string{`task.target_language: got "en"`, "two languages"}},
		{"languages that no name tells", columns("a:string", "b:string"),
			task.Spec{Name: task.Translation, TextColumns: []string{"a"}, TargetColumn: "b"},
			[]string{"task.source_language", "task.prefix"}},
		{"no question", columns("text:string"), task.Spec{Name: task.QuestionAnswering},
			[]string{"context or passage", "text (string)", "task.text_columns"}},
		{"three columns for a question", columns("a:string", "b:string", "c:string"),
			task.Spec{Name: task.QuestionAnswering, TextColumns: []string{"a", "b",
				"c"}}, []string{"want 2"}},
		{"no template", text, task.Spec{Name: task.Template}, []string{"task.template: got nothing", "{question}"}},
		{"a template without a target", text, task.Spec{Name: task.Template, Template: "{text}"},
			[]string{"task.target_template or task.target_column", "label (ClassLabel)"}},
		{"a column that is not there", text, task.Spec{Name: task.Template, Template: "{txt}", TargetColumn: "label"},
			[]string{"task.template txt: there is no such column", "text (string)"}},
		{"a target that is not there", text, task.Spec{Name: task.Template, Template: "{text}", TargetTemplate: "{y}"},
			[]string{"task.target_template y"}},
		{"a damaged template", text, task.Spec{Name: task.Template, Template: "{text", TargetColumn: "label"},
			[]string{"task.template", "{ without its }"}},
		{"both targets", text, task.Spec{Name: task.Template, Template: "{text}", TargetTemplate: "{label}",
			TargetColumn: "label"}, []string{"want one of them"}},
		{"columns beside a template", text, task.Spec{Name: task.Classification, Template: "{text}",
			TextColumns: []string{"label"}}, []string{"task.text_columns: got a list, want none beside task.template"}},
		{"a metric of another task", text, task.Spec{Name: task.Classification, Metrics: []string{task.BLEU}},
			[]string{`"bleu"`, "accuracy"}},
		{"a target template of another task", text, task.Spec{Name: task.Seq2Seq, TargetTemplate: "{label}"},
			[]string{"task.target_template", "task.name to template"}},
		{"languages of another task", text, task.Spec{Name: task.Seq2Seq, SourceLanguage: "en"},
			[]string{"task.source_language: is a key of translation", "seq2seq"}},
		{"a step of another task", text, task.Spec{Name: task.Classification, RoundTo: new(1.0)},
			[]string{"task.round_to"}},
		{"an input for T5's", text, task.Spec{Name: "glue/cola", Template: "{text}"},
			[]string{"task.template", "task.name to classification"}},
		{"another number of classes", columns("sentence:string", "label:class=a/b/c"), task.Spec{Name: "glue/cola"},
			[]string{"2 labels", "3 class names, a, b, c"}},
		{"a name of T5 that is not there", text, task.Spec{Name: "glue/colla"}, []string{`"glue/colla"`, "glue/cola"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := Task(c.data, c.options)
			wantError(t, err, append(c.parts, "infer the task")...)
		})
	}
}

func TestCorrectLanguages(t *testing.T) {
	stored := task.Spec{Name: task.Translation, Prefix: new("translate English to French: "),
		TextColumns: []string{"translation.en"}, TargetColumn: "translation.fr"}
	unnamed := task.Spec{Name: task.Translation, Prefix: new("translate English to French: "),
		TextColumns: []string{"source"}, TargetColumn: "target"}
	file := columns("translation.en:string", "translation.fr:string", "translation.de:string")
	pairs := columns("source:string", "target:string")
	for _, c := range []struct {
		name                   string
		spec                   task.Spec
		data                   Data
		o                      task.Spec
		prefix, source, target string
		err                    string
	}{
		{"another target", stored, file, task.Spec{TargetLanguage: "de"}, "translate English to German: ",
			"translation.en",
			"translation.de", ""},
		{"both", stored, file, task.Spec{SourceLanguage: "de", TargetLanguage: "fr"}, "translate German to French: ",
			"translation.de", "translation.fr", ""},
		{"columns are given", stored, file, task.Spec{TextColumns: []string{"translation.de"}, SourceLanguage: "en",
			TargetLanguage: "fr"},
			"translate English to French: ", "translation.de", "translation.fr", ""},
		{"columns without languages", unnamed, pairs, task.Spec{SourceLanguage: "de", TargetLanguage: "ro"},
			"translate German to Romanian: ", "source", "target", ""},
		{"other columns", unnamed, file, task.Spec{SourceLanguage: "de", TargetLanguage: "en"},
			"translate German to English: ", "translation.de", "translation.en", ""},
		{"none", stored, file, task.Spec{}, stored.InputPrefix(), "translation.en", "translation.fr", ""},
		{"no such column", stored, file, task.Spec{SourceLanguage: "ro", TargetLanguage: "fr"}, "", "", "",
			"task.source_language ro: 0 columns are of this language"},
		{"half of it", unnamed, pairs, task.Spec{SourceLanguage: "de"}, "", "", "",
			"give both task.source_language and task.target_language"},
	} {
		got, err := Correct(c.spec, c.data.Columns, c.o)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want %q", c.name, err, c.err)
			}
			continue
		}
		if err != nil || got.InputPrefix() != c.prefix || got.TextColumns[0] != c.source ||
			got.TargetColumn != c.target {
			t.Errorf("%s: got %q, %v, %s, %v", c.name, got.InputPrefix(), got.TextColumns, got.TargetColumn, err)
		}
	}
}

// TestWMT: T5 measures translations by BLEU with the tokenizer intl, also those of a data set.
func TestWMT(t *testing.T) {
	pair := columns("translation.en:string", "translation.de:string")
	for want, asked := range map[string][]string{"bleu-intl": nil, task.BLEU: {task.BLEU}} {
		got, _, err := Task(pair, task.Spec{Name: "wmt/en-de", Metrics: asked})
		if err != nil || !slices.Equal(got.MetricNames(), []string{want}) {
			t.Errorf("metrics %q: got %q, %v", asked, got.MetricNames(), err)
		}
	}
}

// TestEntities_WNUT17 counts the rows that come back from their target as they were: see the package comment.
func TestEntities_WNUT17(t *testing.T) {
	set, err := parquetio.Open(filepath.Join("..", "..", "..", "..", "shared", "data", "wnut17"))
	if err != nil {
		t.Skip("no shared data")
	}
	s, _, err := Task(Data{Columns: set.Columns()}, task.Spec{Name: task.NER})
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	err = set.Scan(context.Background(), s.Columns(), func(_ int64, cells []table.Cell) error {
		e, ref, err := s.HeldOut(cells)
		if err != nil {
			return err
		}
		if tags, lost := s.TagsOf(e.Target, ref.Tokens); slices.Equal(tags, ref.Tags) {
			same++
		} else {
			t.Logf("%q: %q, %d lost", ref.Tokens, e.Target, lost)
		}
		return nil
	})
	if err != nil || set.Rows() != 4403 || same != 4401 {
		t.Errorf("%d of %d rows come back, %v", same, set.Rows(), err)
	}
}

// A task that has no entry of its own here would be taken for one of T5's.
func TestEveryTaskIsInferred(t *testing.T) {
	if got := slices.Sorted(maps.Keys(ways())); !slices.Equal(got, slices.Sorted(slices.Values(task.General()))) {
		t.Errorf("got %q, want %q", got, task.General())
	}
}
