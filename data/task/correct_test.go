package task

import (
	"encoding/json"
	"testing"
)

func TestCorrect(t *testing.T) {
	squad, _ := Named("squad")
	got, err := squad.Correct(Spec{TextColumns: []string{"q", "c"}, TargetColumn: "a", Metrics: []string{ExactMatch}})
	if err != nil || got.Template != "question: {q} context: {c}" || got.TargetColumn != "a" ||
		got.MetricNames()[0] != ExactMatch {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = squad.Correct(Spec{TextColumns: []string{"q"}})
	wantError(t, err, "want 2 columns")
	_, err = squad.Correct(Spec{Metrics: []string{Accuracy}})
	wantError(t, err, "accuracy", SQuADScores)
	ner, err := people().Correct(Spec{LabelTexts: []string{"Mensch", "Ort", "Werk"}})
	if err != nil || ner.Entities[0] != (Label{"PER", "Mensch", ""}) || people().Entities[0].Text != "person" {
		t.Errorf("got %+v, %v", ner, err)
	}
}

func TestAlone(t *testing.T) {
	prefix := ""
	for _, c := range []struct {
		options Spec
		texts   []string
		input   string
	}{
		{Spec{Name: Seq2Seq}, []string{"x"}, "x"},
		{Spec{Name: Classification, LabelTexts: []string{"a", "b"}}, []string{"x"}, "text: x"},
		{Spec{Name: Regression}, []string{"x"}, "text: x"},
		{Spec{Name: NER, LabelTexts: []string{"person"}}, []string{"x"}, "x"},
		{Spec{Name: Translation, SourceLanguage: "en", TargetLanguage: "zh-CN"}, []string{"x"},
			"translate English to Chinese: x"},
		{Spec{Name: Translation, Prefix: &prefix}, []string{"x"}, "x"},
		{Spec{Name: Summarization}, []string{"x"}, "summarize: x"},
		{Spec{Name: Summarization, Prefix: &prefix}, []string{"x"}, "x"},
		{Spec{Name: QuestionAnswering}, []string{"q", "c"}, "question: q context: c"},
		{Spec{Name: Template, Template: "<{a}>"}, []string{"x"}, "<x>"},
		{Spec{Name: "glue/cola"}, []string{"x"}, "cola sentence: x"},
		{Spec{Name: "wmt/en-de"}, []string{"x"}, "translate English to German: x"},
	} {
		s, err := Alone(c.options)
		if err != nil {
			t.Errorf("%s: %v", c.options.Name, err)
			continue
		}
		if got, err := s.Input(c.texts); err != nil || got != c.input {
			t.Errorf("%s: got %q, %v, want %q", c.options.Name, got, err, c.input)
		}
	}
	for _, c := range []struct {
		options Spec
		part    string
	}{
		{Spec{Name: Classification}, "task.labels"}, {Spec{Name: NER}, "task.labels"}, {Spec{Name: Translation},
			"task.source_language"},
		{Spec{Name: Template}, "task.template"}, {Spec{Name: "nothing"}, `"nothing"`},
	} {
		_, err := Alone(c.options)
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
		"glue/cola": Labels, "glue/stsb": Numbers, "glue/wnli": Referents, "super_glue/wsc": Referents,
		"super_glue/record": Texts, "squad": Texts, "wmt/en-de": Texts,
	} {
		s, _ := Named(name)
		if s.Kind() != want || s.ScoresLabels() != (want == Labels) || len(s.MetricNames()) == 0 {
			t.Errorf("%s: %v answers, ranked %v, metrics %q", name, s.Kind(), s.ScoresLabels(), s.MetricNames())
		}
	}
}

// TestHas holds the options of tasks to what T5's tasks inherit from the general ones.
func TestHas(t *testing.T) {
	for _, c := range []struct {
		name, key string
		want      bool
	}{
		{Classification, "labels", true}, {Classification, "target_column", false}, {Seq2Seq, "label_column",
			false}, {NER, "round_to", false},
		{"glue/cola", "labels", true}, {"glue/cola", "target_column", false}, {"super_glue/wsc", "label_column",
			true}, {"squad", "label_column", true},
		{"wmt/en-de", "source_language", true}, {"glue/stsb", "round_to", true}, {Seq2Seq, "prefix", true},
	} {
		if got := Has(c.name, c.key); got != c.want {
			t.Errorf("%s has %s: %t, want %t", c.name, c.key, got, c.want)
		}
	}
}

// A checkpoint of before has a step, which is round_to now, and a prefix also where it is empty.
func TestSpec_OlderJSON(t *testing.T) {
	older := `{"name":"regression","prefix":"","text_columns":["a"],"label_column":"b","step":0.5}`
	newer := `{"name":"regression","prefix":"","text_columns":["a"],"label_column":"b","round_to":0.5}`
	for _, text := range []string{older, newer} {
		var s Spec
		if err := json.Unmarshal([]byte(text), &s); err != nil || s.Validate() != nil {
			t.Fatalf("%s: %v, %v", text, err, s.Validate())
		}
		if got, err := json.Marshal(s); err != nil || string(got) != newer {
			t.Errorf("%s is written as %s, %v", text, got, err)
		}
	}
}
