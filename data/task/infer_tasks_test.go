package task

import (
	"reflect"
	"strings"
	"testing"

	"t5train/data/table"
)

// lists are columns of lists of a type.
func lists(specs ...string) []table.Column {
	all := columns(specs...)
	for i := range all {
		all[i].Lists = 1
	}
	return all
}

func both(a, b []table.Column) []table.Column { return append(a, b...) }

func TestInfer_Tasks(t *testing.T) {
	prefix := "x: "
	tags := "O/B-PER/I-PER/B-LOC/I-LOC"
	types := []Label{{"PER", "PER", ""}, {"LOC", "LOC", ""}}
	names := strings.Split(tags, "/")
	ender := columns("en:string", "de:string", "ru:string")
	german := Spec{Name: Translation, Prefix: "translate English to German: ", TextColumns: []string{"en"}, TargetColumn: "de"}
	cases := []struct {
		name    string
		columns []table.Column
		options Options
		want    Spec
		said    string
	}{
		{"regression", columns("a:string", "label:float", "idx:int"), Options{Name: Regression},
			Spec{Name: Regression, TextColumns: []string{"a"}, LabelColumn: "label", Step: .2}, "label column: label (the only float column)"},
		{"a rating", columns("review:string", "stars:int", "votes:int"), Options{Name: Regression, Step: 1},
			Spec{Name: Regression, TextColumns: []string{"review"}, LabelColumn: "stars", Step: 1}, "written as multiples of 1"},
		{"entities", both(lists("tokens:string", "ner_tags:class="+tags, "pos_tags:class=X/Y"), columns("id:string")), Options{Name: NER},
			Spec{Name: NER, TextColumns: []string{"tokens"}, LabelColumn: "ner_tags", Tags: names, Entities: types}, "types of entities: PER, LOC (in the tags' class names)"},
		{"entities written otherwise", lists("words:string", "x:class="+tags), Options{Name: NER, Labels: []string{"person", "location"}},
			Spec{Name: NER, TextColumns: []string{"words"}, LabelColumn: "x", Tags: names, Entities: []Label{{"PER", "person", ""}, {"LOC", "location", ""}}},
			`PER written "person"`},
		{"tags as strings", lists("tokens:string", "tags:string"), Options{Name: NER, Distinct: distinct(str("O"), str("I-LOC"), str("B-PER"), str("B-LOC"))},
			Spec{Name: NER, TextColumns: []string{"tokens"}, LabelColumn: "tags", Entities: []Label{{"LOC", "LOC", ""}, {"PER", "PER", ""}}}, "sorted"},
		{"two languages", columns("id:string", "en:string", "de:string"), Options{Name: Translation}, german, "in the order of the columns"},
		{"the other one", columns("en:string", "de:string"), Options{Name: Translation, SourceLanguage: "de"},
			Spec{Name: Translation, Prefix: "translate German to English: ", TextColumns: []string{"de"}, TargetColumn: "en"}, "target column: en (the other language)"},
		{"two of three", ender, Options{Name: Translation, SourceLanguage: "en", TargetLanguage: "de"}, german, "the language asked for"},
		{"columns", columns("a:string", "b:string"), Options{Name: Translation, TextColumns: []string{"a"}, TargetColumn: "b", SourceLanguage: "en", TargetLanguage: "de"},
			Spec{Name: Translation, Prefix: german.Prefix, TextColumns: []string{"a"}, TargetColumn: "b"}, "task.target_column"},
		{"an own prefix", columns("en:string", "de:string"), Options{Name: Translation, Prefix: &prefix},
			Spec{Name: Translation, Prefix: "x: ", TextColumns: []string{"en"}, TargetColumn: "de"}, ""},
		{"an unknown language", columns("en:string", "tlh:string"), Options{Name: Translation, SourceLanguage: "en", TargetLanguage: "tlh"},
			Spec{Name: Translation, Prefix: "translate English to tlh: ", TextColumns: []string{"en"}, TargetColumn: "tlh"}, "language tlh: the name of this code is not known"},
		{"summaries", columns("article:string", "highlights:string", "id:string"), Options{Name: Summarization},
			Spec{Name: Summarization, Prefix: "summarize: ", TextColumns: []string{"article"}, TargetColumn: "highlights"}, `prefix: "summarize: " (that of T5)`},
		{"questions", both(columns("question:string", "context:string"), lists("answers.text:string")), Options{Name: QuestionAnswering},
			Spec{Name: QuestionAnswering, TextColumns: []string{"question", "context"}, TargetColumn: "answers.text"}, "the word unanswerable"},
		{"questions elsewhere", columns("q:string", "passage:string", "a:string"), Options{Name: QuestionAnswering, TextColumns: []string{"q", "passage"}, TargetColumn: "a"},
			Spec{Name: QuestionAnswering, TextColumns: []string{"q", "passage"}, TargetColumn: "a"}, ""},
		{"a template", columns("q:string", "c:string", "a:string"), Options{Name: Template, Template: "{q} {c}", TargetTemplate: "{a}!"},
			Spec{Name: Template, Template: "{q} {c}", TextColumns: []string{"q", "c"}, TargetTemplate: "{a}!"}, "target columns: a (task.target_template)"},
		{"a template of a class", columns("q:string", "l:class=no/yes"), Options{Name: Template, Template: "{q}", TargetTemplate: "{l}!"},
			Spec{Name: Template, Template: "{q}", TextColumns: []string{"q"}, TargetTemplate: "{l}!"}, "l has the numbers of classes"},
		{"a class as text", columns("q:string", "l:class=no/yes"), Options{Name: Seq2Seq, TextColumns: []string{"q"}, TargetColumn: "l"},
			Spec{Name: Seq2Seq, TextColumns: []string{"q"}, TargetColumn: "l"}, "and not their names, such as no"},
		{"a template and a column", columns("q:string", "a:string"), Options{Name: Template, Template: "{q}?", TargetColumn: "a"},
			Spec{Name: Template, Template: "{q}?", TextColumns: []string{"q"}, TargetColumn: "a"}, "target column: a (task.target_column)"},
		{"a template of another task", columns("title:string", "body:string", "summary:string"), Options{Name: Summarization, Template: "{title}: {body}", TargetColumn: "summary"},
			Spec{Name: Summarization, Prefix: "summarize: ", Template: "{title}: {body}", TextColumns: []string{"title", "body"}, TargetColumn: "summary"}, ""},
		{"metrics", columns("input:string", "target:string"), Options{Name: Seq2Seq, Metrics: []string{BLEU}},
			Spec{Name: Seq2Seq, TextColumns: []string{"input"}, TargetColumn: "target", Metrics: []string{BLEU}}, ""},
		{"T5's columns by other names", columns("q:string", "c:string", "a:string"), Options{Name: "squad", TextColumns: []string{"q", "c"}, TargetColumn: "a"},
			Spec{Name: QuestionAnswering, Rule: SQuAD, Template: "question: {q} context: {c}", TextColumns: []string{"q", "c"}, TargetColumn: "a", Metrics: []string{SQuADScores}},
			"columns: q, c, a (those of squad)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, said, err := Infer(c.columns, c.options)
			if err != nil || !reflect.DeepEqual(got, c.want) || !strings.Contains(strings.Join(said, "\n"), c.said) {
				t.Errorf("got %+v, %q, %v\nwant %+v, %q", got, said, err, c.want, c.said)
			}
		})
	}
}

func TestInfer_NamedLabels(t *testing.T) {
	for _, c := range []struct {
		name, task, label string
		want              []Label
	}{
		{"no class names", "glue/cola", "label:int", []Label{{"unacceptable", "unacceptable", "0"}, {"acceptable", "acceptable", "1"}}},
		{"the same names", "glue/cola", "label:class=unacceptable/acceptable", []Label{{"unacceptable", "unacceptable", "0"}, {"acceptable", "acceptable", "1"}}},
		{"in another order", "glue/cola", "label:class=acceptable/unacceptable", []Label{{"unacceptable", "unacceptable", "1"}, {"acceptable", "acceptable", "0"}}},
		{"other names", "glue/cola", "label:class=no/yes", []Label{{"no", "unacceptable", "0"}, {"yes", "acceptable", "1"}}},
		{"a bool", "glue/cola", "label:bool", []Label{{"unacceptable", "unacceptable", "false"}, {"acceptable", "acceptable", "true"}}},
	} {
		got, _, err := Infer(columns("sentence:string", c.label), Options{Name: c.task})
		if err != nil || !reflect.DeepEqual(got.Labels, c.want) {
			t.Errorf("%s: got %+v, %v", c.name, got.Labels, err)
		}
	}
	got, _, err := Infer(columns("sentence:string", "label:int"), Options{Name: "glue/cola", Labels: []string{"bad", "good"}})
	if err != nil || got.Labels[0] != (Label{"unacceptable", "bad", "0"}) {
		t.Errorf("task.labels: got %+v, %v", got.Labels, err)
	}
	multirc := columns("paragraph:string", "question:string", "answer:string", "idx.paragraph:int", "idx.question:int", "label:int")
	got, _, err = Infer(multirc, Options{Name: "super_glue/multirc"})
	if err != nil || strings.Join(got.GroupColumns, " ") != "idx.paragraph idx.question" {
		t.Errorf("groups: got %+v, %v", got, err)
	}
}

func TestInfer_TasksErrors(t *testing.T) {
	text := columns("text:string", "label:class=a/b")
	cases := []struct {
		name    string
		columns []table.Column
		options Options
		parts   []string
	}{
		{"no number", text, Options{Name: Regression}, []string{"no column of numbers", "label (ClassLabel)", "task.label_column"}},
		{"two numbers", columns("text:string", "x:float", "y:float"), Options{Name: Regression}, []string{"x (float), y (float)", "task.label_column"}},
		{"a text for a number", columns("text:string", "x:string"), Options{Name: Regression, LabelColumn: "x"}, []string{"task.label_column x", "float or int"}},
		{"a negative step", columns("text:string", "x:float"), Options{Name: Regression, Step: -1}, []string{"step is -1, want a number from 1e-06 to 1e+06"}},
		{"a step that is too small", columns("text:string", "x:float"), Options{Name: Regression, Step: 1e-45}, []string{"step is 1e-45"}},
		{"a step that is too large", columns("text:string", "x:float"), Options{Name: Regression, Step: 1e7}, []string{"step is 1e+07"}},
		{"no lists", text, Options{Name: NER}, []string{"no column of lists", "task.text_columns"}},
		{"two lists of tags", lists("tokens:string", "a:class=O/B-X", "b:class=O/B-Y"), Options{Name: NER}, []string{"a (list of ClassLabel), b (list of ClassLabel)", "task.label_column"}},
		{"no scheme of tags", lists("tokens:string", "ner_tags:class=NOUN/VERB"), Options{Name: NER}, []string{"ner_tags", `"NOUN"`}},
		{"only O", lists("tokens:string", "ner_tags:class=O"), Options{Name: NER}, []string{"no types of entities"}},
		{"a text for a list", both(columns("text:string"), lists("ner_tags:class=O/B-X")), Options{Name: NER, TextColumns: []string{"text"}}, []string{"task.text_columns text", "want a list"}},
		{"labels for other types", lists("tokens:string", "ner_tags:class=O/B-X"), Options{Name: NER, Labels: []string{"a", "b"}}, []string{"2 texts", "1 types"}},
		{"three languages", columns("en:string", "de:string", "fr:string"), Options{Name: Translation}, []string{"task.source_language and task.target_language", "fr (string)"}},
		{"no such language", columns("en:string", "de:string"), Options{Name: Translation, SourceLanguage: "fr"}, []string{"task.source_language fr", "en (string), de (string)"}},
		{"one language twice", columns("en:string", "de:string"), Options{Name: Translation, SourceLanguage: "en", TargetLanguage: "en"}, []string{"both en"}},
		{"languages that no name tells", columns("a:string", "b:string"), Options{Name: Translation, TextColumns: []string{"a"}, TargetColumn: "b"}, []string{"task.source_language", "task.prefix"}},
		{"no question", columns("text:string"), Options{Name: QuestionAnswering}, []string{"context or passage", "text (string)", "task.text_columns"}},
		{"three columns for a question", columns("a:string", "b:string", "c:string"), Options{Name: QuestionAnswering, TextColumns: []string{"a", "b", "c"}}, []string{"want two columns"}},
		{"no template", text, Options{Name: Template}, []string{"task.template '{question}"}},
		{"a template without a target", text, Options{Name: Template, Template: "{text}"}, []string{"task.target_template or task.target_column", "label (ClassLabel)"}},
		{"a column that is not there", text, Options{Name: Template, Template: "{txt}", TargetColumn: "label"}, []string{"task.template txt: there is no such column", "text (string)"}},
		{"a target that is not there", text, Options{Name: Template, Template: "{text}", TargetTemplate: "{y}"}, []string{"task.target_template y"}},
		{"a damaged template", text, Options{Name: Template, Template: "{text", TargetColumn: "label"}, []string{"task.template", "{ without its }"}},
		{"both targets", text, Options{Name: Template, Template: "{text}", TargetTemplate: "{label}", TargetColumn: "label"}, []string{"want one of them"}},
		{"columns beside a template", text, Options{Name: Classification, Template: "{text}", TextColumns: []string{"label"}}, []string{"leave out one"}},
		{"a metric of another task", text, Options{Name: Classification, Metrics: []string{BLEU}}, []string{`"bleu"`, "accuracy"}},
		{"a target template of another task", text, Options{Name: Seq2Seq, TargetTemplate: "{label}"}, []string{"task.target_template", "task.name template"}},
		{"languages of another task", text, Options{Name: Seq2Seq, SourceLanguage: "en"}, []string{"task.source_language en is not for seq2seq"}},
		{"a step of another task", text, Options{Name: Classification, Step: 1}, []string{"task.step"}},
		{"an input for T5's", text, Options{Name: "glue/cola", Template: "{text}"}, []string{"task.template", "task.name classification"}},
		{"another number of classes", columns("sentence:string", "label:class=a/b/c"), Options{Name: "glue/cola"}, []string{"2 labels", "3 class names, a, b, c"}},
		{"a name of T5 that is not there", text, Options{Name: "glue/colla"}, []string{`"glue/colla"`, "glue/cola"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := Infer(c.columns, c.options)
			wantError(t, err, append(c.parts, "infer the task")...)
		})
	}
}

func TestCorrect(t *testing.T) {
	squad, _ := Named("squad")
	got, err := squad.Correct(Options{TextColumns: []string{"q", "c"}, TargetColumn: "a", Metrics: []string{ExactMatch}})
	if err != nil || got.Template != "question: {q} context: {c}" || got.TargetColumn != "a" || got.MetricNames()[0] != ExactMatch {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = squad.Correct(Options{TextColumns: []string{"q"}})
	wantError(t, err, "want 2 columns")
	_, err = squad.Correct(Options{Metrics: []string{Accuracy}})
	wantError(t, err, "accuracy", SQuADScores)
	ner, err := people().Correct(Options{Labels: []string{"Mensch", "Ort", "Werk"}})
	if err != nil || ner.Entities[0] != (Label{"PER", "Mensch", ""}) || people().Entities[0].Text != "person" {
		t.Errorf("got %+v, %v", ner, err)
	}
}

func TestAlone(t *testing.T) {
	prefix := ""
	for _, c := range []struct {
		options Options
		texts   []string
		input   string
	}{
		{Options{Name: Seq2Seq}, []string{"x"}, "x"},
		{Options{Name: Classification, Labels: []string{"a", "b"}}, []string{"x"}, "text: x"},
		{Options{Name: Regression}, []string{"x"}, "text: x"},
		{Options{Name: NER, Labels: []string{"person"}}, []string{"x"}, "x"},
		{Options{Name: Translation, SourceLanguage: "en", TargetLanguage: "zh-CN"}, []string{"x"}, "translate English to Chinese: x"},
		{Options{Name: Translation, Prefix: &prefix}, []string{"x"}, "x"},
		{Options{Name: Summarization}, []string{"x"}, "summarize: x"},
		{Options{Name: Summarization, Prefix: &prefix}, []string{"x"}, "x"},
		{Options{Name: QuestionAnswering}, []string{"q", "c"}, "question: q context: c"},
		{Options{Name: Template, Template: "<{a}>"}, []string{"x"}, "<x>"},
		{Options{Name: "glue/cola"}, []string{"x"}, "cola sentence: x"},
		{Options{Name: "wmt/en-de"}, []string{"x"}, "translate English to German: x"},
	} {
		s, err := c.options.Alone()
		if err != nil {
			t.Errorf("%s: %v", c.options.Name, err)
			continue
		}
		if got, err := s.Input(c.texts); err != nil || got != c.input {
			t.Errorf("%s: got %q, %v, want %q", c.options.Name, got, err, c.input)
		}
	}
	for _, c := range []struct {
		options Options
		part    string
	}{
		{Options{Name: Classification}, "task.labels"}, {Options{Name: NER}, "task.labels"}, {Options{Name: Translation}, "task.source_language"},
		{Options{Name: Template}, "task.template"}, {Options{Name: "nothing"}, `"nothing"`},
	} {
		_, err := c.options.Alone()
		wantError(t, err, c.part)
	}
}

func TestInputFromJSON_Lists(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		line string
		want string
	}{
		{people(), `{"tokens": ["Barack", "Obama", "!"]}`, "Barack Obama !"},
		{Spec{Name: Seq2Seq, TextColumns: []string{"translation.en"}}, `{"translation": {"en": "Hello."}}`, "Hello."},
		{Spec{Name: Seq2Seq, TextColumns: []string{"translation.en"}}, `{"translation.en": "Hello."}`, "Hello."},
		{Spec{Name: Seq2Seq, TextColumns: []string{"n"}}, `{"n": [1, [2, true]]}`, "1 2 true"},
	} {
		if got, err := inputFromJSON(c.spec, []byte(c.line)); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.line, got, err, c.want)
		}
	}
	_, err := inputFromJSON(people(), []byte(`{"tokens": ["a", null]}`))
	wantError(t, err, "null")
}

func TestSpec_Kinds(t *testing.T) {
	for name, want := range map[string]Kind{
		"glue/cola": Labels, "glue/stsb": Numbers, "glue/wnli": Referents, "super_glue/wsc": Referents, "super_glue/record": Texts, "squad": Texts, "wmt/en-de": Texts,
	} {
		s, _ := Named(name)
		if s.Kind() != want || s.Ranked() != (want == Labels) || len(s.MetricNames()) == 0 {
			t.Errorf("%s: %v answers, ranked %v, metrics %q", name, s.Kind(), s.Ranked(), s.MetricNames())
		}
	}
}

func TestCorrectLanguages(t *testing.T) {
	stored := Spec{Name: Translation, Prefix: "translate English to French: ", TextColumns: []string{"translation.en"}, TargetColumn: "translation.fr"}
	unnamed := Spec{Name: Translation, Prefix: "translate English to French: ", TextColumns: []string{"source"}, TargetColumn: "target"}
	file := columns("translation.en:string", "translation.fr:string", "translation.de:string")
	pairs := columns("source:string", "target:string")
	for _, c := range []struct {
		name                   string
		spec                   Spec
		columns                []table.Column
		o                      Options
		prefix, source, target string
		err                    string
	}{
		{"another target", stored, file, Options{TargetLanguage: "de"}, "translate English to German: ", "translation.en", "translation.de", ""},
		{"both", stored, file, Options{SourceLanguage: "de", TargetLanguage: "fr"}, "translate German to French: ", "translation.de", "translation.fr", ""},
		{"columns are given", stored, file, Options{TextColumns: []string{"translation.de"}, SourceLanguage: "en", TargetLanguage: "fr"},
			"translate English to French: ", "translation.de", "translation.fr", ""},
		{"columns without languages", unnamed, pairs, Options{SourceLanguage: "de", TargetLanguage: "ro"}, "translate German to Romanian: ", "source", "target", ""},
		{"other columns", unnamed, file, Options{SourceLanguage: "de", TargetLanguage: "en"}, "translate German to English: ", "translation.de", "translation.en", ""},
		{"none", stored, file, Options{}, stored.Prefix, "translation.en", "translation.fr", ""},
		{"no such column", stored, file, Options{SourceLanguage: "ro", TargetLanguage: "fr"}, "", "", "", "task.source_language ro: 0 columns are of this language"},
		{"half of it", unnamed, pairs, Options{SourceLanguage: "de"}, "", "", "", "give both task.source_language and task.target_language"},
	} {
		got, err := c.spec.CorrectFor(c.columns, c.o)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want %q", c.name, err, c.err)
			}
			continue
		}
		if err != nil || got.Prefix != c.prefix || got.TextColumns[0] != c.source || got.TargetColumn != c.target {
			t.Errorf("%s: got %q, %v, %s, %v", c.name, got.Prefix, got.TextColumns, got.TargetColumn, err)
		}
	}
}

// TestHas holds the options of tasks to what T5's tasks inherit from the general ones.
func TestHas(t *testing.T) {
	for _, c := range []struct {
		name, key string
		want      bool
	}{
		{Classification, "labels", true}, {Classification, "target_column", false}, {Seq2Seq, "label_column", false}, {NER, "step", false},
		{"glue/cola", "labels", true}, {"glue/cola", "target_column", false}, {"super_glue/wsc", "label_column", true}, {"squad", "label_column", true},
		{"wmt/en-de", "source_language", true}, {"glue/stsb", "step", true}, {Seq2Seq, "prefix", true},
	} {
		if got := Has(c.name, c.key); got != c.want {
			t.Errorf("%s has %s: %t, want %t", c.name, c.key, got, c.want)
		}
	}
}
