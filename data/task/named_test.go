package task

import (
	"slices"
	"strings"
	"testing"

	"t5train/data/table"
)

// cellsFor returns the cells of a spec's columns out of a row.
func cellsFor(t *testing.T, s Spec, row map[string]table.Cell) []table.Cell {
	t.Helper()
	var cells []table.Cell
	for _, column := range s.Columns() {
		c, ok := row[column]
		if !ok {
			t.Fatalf("the row lacks %s", column)
		}
		cells = append(cells, c)
	}
	return cells
}

type cells = map[string]table.Cell

// TestNamed has a row of each of T5's tasks, and what T5 makes of it: t5/data/preprocessors.py, glue_utils.py.
func TestNamed(t *testing.T) {
	pair := func(label int64) cells {
		return cells{"sentence1": str("A ."), "sentence2": str("B ."), "label": num(label)}
	}
	nli := func(label int64) cells {
		return cells{"premise": str("P ."), "hypothesis": str("H ."), "label": num(label)}
	}
	cases := []struct {
		task          string
		row           cells
		input, target string
	}{
		{"glue/cola", cells{"sentence": str("Bill fell ."), "label": num(0)}, "cola sentence: Bill fell .",
			"unacceptable"},
		{"glue/cola", cells{"sentence": str("Bill fell ."), "label": num(1)}, "cola sentence: Bill fell .",
			"acceptable"},
		{"glue/sst2", cells{"sentence": str("a joy "), "label": num(1)}, "sst2 sentence: a joy", "positive"},
		{"glue/sst2", cells{"sentence": str("a bore"), "label": num(0)}, "sst2 sentence: a bore", "negative"},
		{"glue/mrpc", pair(0), "mrpc sentence1: A . sentence2: B .", "not_equivalent"},
		{"glue/mrpc", pair(1), "mrpc sentence1: A . sentence2: B .", "equivalent"},
		{"glue/stsb", cells{"sentence1": str("A ."), "sentence2": str("B ."),
			"label": {Kind: table.Float, Float: 2.917}}, "stsb sentence1: A . sentence2: B .", "3.0"},
		{"glue/qqp", cells{"question1": str("A?"), "question2": str("B?"), "label": num(0)},
			"qqp question1: A? question2: B?", "not_duplicate"},
		{"glue/qqp", cells{"question1": str("A?"), "question2": str("B?"), "label": num(1)},
			"qqp question1: A? question2: B?", "duplicate"},
		{"glue/mnli", nli(0), "mnli hypothesis: H . premise: P .", "entailment"},
		{"glue/mnli", nli(1), "mnli hypothesis: H . premise: P .", "neutral"},
		{"glue/mnli", nli(2), "mnli hypothesis: H . premise: P .", "contradiction"},
		{"glue/qnli", cells{"question": str("Q?"), "sentence": str("S ."), "label": num(1)},
			"qnli question: Q? sentence: S .", "not_entailment"},
		{"glue/rte", pair(0), "rte sentence1: A . sentence2: B .", "entailment"},
		{"glue/wnli", cells{"sentence1": str("The fish ate the worm. It was tasty."),
			"sentence2": str("The worm was tasty."), "label": num(1)},
			"wsc: The fish ate the worm. *It* was tasty.", "The worm"},
		{"super_glue/boolq", cells{"question": str("is it so"), "passage": str("It is ."), "label": num(1)},
			"boolq passage: It is . question: is it so", "True"},
		{"super_glue/boolq", cells{"question": str("is it so"), "passage": str("It is ."), "label": num(0)},
			"boolq passage: It is . question: is it so", "False"},
		{"super_glue/cb", nli(0), "cb hypothesis: H . premise: P .", "entailment"},
		{"super_glue/cb", nli(1), "cb hypothesis: H . premise: P .", "contradiction"},
		{"super_glue/cb", nli(2), "cb hypothesis: H . premise: P .", "neutral"},
		{"super_glue/copa", cells{"premise": str("P ."), "choice1": str("A ."), "choice2": str("B ."),
			"question": str("cause"), "label": num(0)},
			"copa choice1: A . choice2: B . premise: P . question: cause", "choice1"},
		{"super_glue/copa", cells{"premise": str("P ."), "choice1": str("A ."), "choice2": str("B ."),
			"question": str("effect"), "label": num(1)},
			"copa choice1: A . choice2: B . premise: P . question: effect", "choice2"},
		{"super_glue/multirc", cells{"paragraph": str("<b>Sent 1: </b>One.<br><b>Sent 2: </b>Two."),
			"question": str("Q?"), "answer": str("Yes"), "label": num(1)},
			"multirc question: Q? answer: Yes paragraph: Sent 1: One. Sent 2: Two.", "True"},
		{"super_glue/record", cells{"query": str("A @placeholder is a bird."), "entities": wordsOf("penguin", "potato"),
			"answers": wordsOf("penguin"),
			"passage": str("It ended.\n@highlight\nThis is one\n@highlight\nThis is \"two\"\n@highlight\nend")},
			`record query: A @placeholder is a bird. entities: penguin, potato passage: It ended. This is one. This is "two" end`, "penguin"},
		{"super_glue/rte", nli(1), "rte hypothesis: H . premise: P .", "not_entailment"},
		{"super_glue/wic", cells{"sentence1": str("A ."), "sentence2": str("B ."), "word": str("w"), "label": num(1)},
			"wic sentence1: A . sentence2: B . word: w", "True"},
		{"super_glue/wsc", cells{"text": str("Bob asked Tom if he can lend some money ."), "span2_index": num(4),
			"span2_text": str("he"), "span1_text": str("Tom"), "label": num(1)},
			"wsc: Bob asked Tom if *he* can lend some money .", "Tom"},
		{"super_glue/axb", pair(0), "rte hypothesis: B . premise: A .", "entailment"},
		{"super_glue/axg", nli(1), "rte hypothesis: H . premise: P .", "not_entailment"},
		{"squad", cells{"question": str(`Who said "no"?`), "context": str("It was\nBob (the 2nd)."),
			"answers.text": wordsOf("Bob (the 2nd)", "Bob")},
			`question: Who said " no " ? context: It was Bob ( the 2nd ) .`, "Bob ( the 2nd )"},
		{"squad_trivia", cells{"question": str("Who?"), "answers.text": wordsOf("J.R.")},
			"squad trivia question: Who ?", "J . R ."},
		{"cnn_dailymail", cells{"article": str("Long ."), "highlights": str("Short .\n")}, "summarize: Long .",
			"Short ."},
		{"wmt/en-de", cells{"translation.en": str("That is good."), "translation.de": str("Das ist gut.")},
			"translate English to German: That is good.", "Das ist gut."},
		{"wmt/ro-en", cells{"translation.ro": str("Da."), "translation.en": str("Yes.")},
			"translate Romanian to English: Da.", "Yes."},
		{"dpr", cells{"sentence": str("Bob asked Tom if he can lend some money."), "pronoun": str("he"),
			"candidates": wordsOf("Bob", "Tom"), "label": num(1)},
			"wsc: Bob asked Tom if *he* can lend some money.", "Tom"},
	}
	seen := map[string]bool{}
	for _, c := range cases {
		seen[c.task] = true
		t.Run(c.task, func(t *testing.T) {
			s, ok := Named(c.task)
			if !ok {
				t.Fatal("there is no such task")
			}
			if err := s.Validate(); err != nil {
				t.Fatal(err)
			}
			row := cellsFor(t, s, c.row)
			e, ref, err := s.HeldOut(row)
			if err != nil || e.Input != c.input || e.Target != c.target {
				t.Fatalf("got %q, %q, %v\nwant %q, %q", e.Input, e.Target, err, c.input, c.target)
			}
			trained, err := s.Train(row)
			if len(trained) == 1 {
				trained[0].Evidence = e.Evidence // of the target, which is the first answer, and not of the nearest
			}
			if err != nil || !slices.Equal(trained, []Example{e}) {
				t.Errorf("trained on %+v, %v", trained, err)
			}
			// The right answer is right when it is read back.
			right := false
			switch s.Kind() {
			case Labels:
				right = s.Decode(e.Target) == ref.Label && s.Labels[ref.Label].Value == c.row["label"].Text()
			case Numbers:
				n, ok := Number(e.Target)
				right = ok && n-ref.Number <= *s.RoundTo/2 && ref.Number-n <= *s.RoundTo/2
			case Referents:
				same, ok := SameReferent(e.Target, ref.Texts[0])
				right = ref.Label == 1 && same && ok
			default:
				right = slices.Contains(ref.Texts, e.Target)
			}
			if !right {
				t.Errorf("%q is not right by %+v", e.Target, ref)
			}
		})
	}
	for _, name := range Names() {
		if !seen[name] && !slices.Contains(General(), name) {
			t.Errorf("%s has no case", name)
		}
		if !Known(name) {
			t.Errorf("%s is in the list and not known", name)
		}
	}
	for _, name := range []string{"", "glue", "glue/", "wmt/", "wmt/en", "wmt/en-en", "wmt/-de", "wmt/e.n-de", "cola"} {
		if Known(name) {
			t.Errorf("%q is known", name)
		}
	}
}

// TestNamed_Metrics: T5 measures translations by BLEU with the tokenizer intl, from whichever side the task is named,
// and CB over its three labels whatever occurs.
func TestNamed_Metrics(t *testing.T) {
	s, _ := Named("wmt/en-de")
	found, err := Alone(Spec{Name: "wmt/en-de"})
	if err != nil || !slices.Equal(s.MetricNames(), []string{"bleu-intl"}) ||
		!slices.Equal(found.MetricNames(), s.MetricNames()) {
		t.Errorf("wmt/en-de: got %q and %q, %v", s.MetricNames(), found.MetricNames(), err)
	}
	if s, _ := Named("super_glue/cb"); s.Rule != CB {
		t.Errorf("super_glue/cb has the rule %q", s.Rule)
	}
}

func TestNamed_Groups(t *testing.T) {
	s, _ := Named("super_glue/multirc")
	group := func(paragraph, question, answer string) string {
		_, ref, err := s.HeldOut(cellsFor(t, s, cells{"paragraph": str(paragraph), "question": str(question),
			"answer": str(answer), "label": num(0)}))
		if err != nil {
			t.Fatal(err)
		}
		return ref.Group
	}
	if group("p", "q", "a") != group("p", "q", "b") || group("p", "q", "a") == group("p", "r", "a") ||
		group("p", "q", "a") == group("o", "q", "a") {
		t.Error("rows of one question are not one group")
	}
}

func TestTrain_NotOneExample(t *testing.T) {
	record, _ := Named("super_glue/record")
	row := cellsFor(t, record, cells{"query": str("Q"), "entities": wordsOf("a", "b"), "passage": str("P"),
		"answers": wordsOf("a", "b")})
	got, err := record.Train(row)
	input := "record query: Q entities: a, b passage: P"
	if err != nil || !slices.Equal(got, []Example{{input, "a", -1, len("record query: Q entities: a")},
		{input, "b", -1, len("record query: Q entities: a, b")}}) {
		t.Errorf("an example for each answer: got %+v, %v", got, err)
	}
	if _, ref, err := record.HeldOut(row); err != nil || !slices.Equal(ref.Texts, []string{"a", "b"}) {
		t.Errorf("all answers are right: got %+v, %v", ref, err)
	}

	wsc, _ := Named("super_glue/wsc")
	row = cellsFor(t, wsc, cells{"text": str("Bob saw that he fell ."), "span2_index": num(3), "span2_text": str("he"),
		"span1_text": str("that"), "label": num(0)})
	if got, err := wsc.Train(row); err != nil || len(got) > 0 {
		t.Errorf("a wrong referent: trained on %+v, %v", got, err)
	}
	if e, ref, err := wsc.HeldOut(row); err != nil || e.Target != "that" || ref.Label != 0 {
		t.Errorf("a wrong referent: got %+v, %+v, %v", e, ref, err)
	}
}

func TestQuestionAnswering(t *testing.T) {
	s := Spec{Name: QuestionAnswering, TextColumns: []string{"question", "context"}, TargetColumn: "answers.text"}
	for _, c := range []struct {
		name    string
		answers table.Cell
		texts   []string
	}{
		{"several", wordsOf("Bob (the 2nd)", "Bob"), []string{"Bob (the 2nd)", "Bob"}}, // text as it is: squad pads it
		{"none", wordsOf(), []string{Unanswerable}},
		{"a plain text", str("Bob\n"), []string{"Bob"}},
	} {
		e, ref, err := s.HeldOut([]table.Cell{str("Who?"), str("It was Bob."), c.answers})
		if err != nil || e.Input != "question: Who? context: It was Bob." || e.Target != c.texts[0] ||
			!slices.Equal(ref.Texts, c.texts) {
			t.Errorf("%s: got %+v, %+v, %v", c.name, e, ref, err)
		}
	}
	s.Name, s.TextColumns = Summarization, []string{"document"}
	_, _, err := s.HeldOut([]table.Cell{str("D"), wordsOf()})
	wantError(t, err, "answers.text holds an empty list")
	e, ref, err := s.HeldOut([]table.Cell{wordsOf("One.", "Two."), wordsOf("S", "T")})
	if err != nil || e.Input != "One. Two." || e.Target != "S" || len(ref.Texts) != 2 {
		t.Errorf("lists: got %+v, %+v, %v", e, ref, err)
	}
}

func TestTargetTemplate(t *testing.T) {
	s := Spec{Name: Template, Template: "{{x}} {a}, {b}", TextColumns: []string{"a", "b"}, TargetTemplate: "{c} of {a}"}
	if got := strings.Join(s.Columns(), " "); got != "a b c" {
		t.Fatalf("columns %s", got)
	}
	e, ref, err := s.HeldOut([]table.Cell{str("A"), num(2), str("C")})
	if err != nil || e != (Example{"{x} A, 2", "C of A", -1, 0}) || !slices.Equal(ref.Texts, []string{"C of A"}) {
		t.Errorf("got %+v, %+v, %v", e, ref, err)
	}
	_, _, err = s.HeldOut([]table.Cell{str("A"), num(2), {}})
	wantError(t, err, "target column c is null")
}
