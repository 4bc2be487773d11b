package evaluate

import (
	"math"
	"slices"
	"strings"
	"testing"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/trainer/metric"
	"t5train/trainer/metric/texts"
)

// TestGraders holds answers of each kind to references, and to what the metrics of the kind say about them.
func TestGraders(t *testing.T) {
	texts := func(list ...string) task.Reference { return task.Reference{Texts: list} }
	people := task.Spec{Name: task.NER,
		Entities: []task.Label{{Name: "PER", Text: "person"}, {Name: "LOC", Text: "place"}}}
	type graded struct {
		answer string
		ref    task.Reference
	}
	for _, c := range []struct {
		name     string
		spec     task.Spec
		examples []graded
		want     map[string]float64
	}{
		{"exact match, several references", task.Spec{Name: task.Seq2Seq},
			[]graded{{"b", texts("a", "b")}, {"A", texts("a")}}, map[string]float64{"exact_match": 0.5}},
		{"question answering", task.Spec{Name: task.QuestionAnswering},
			[]graded{{"The cat.", texts("cat")}, {"a red cat", texts("dog", "cat")}},
			map[string]float64{"exact_match": 0.5, "f1": (1 + 2./3) / 2}},
		{"translation", task.Spec{Name: task.Translation},
			[]graded{{"a b c d", texts("a b c d")}}, map[string]float64{"bleu": 100, "chrf": 100}},
		{"chosen metrics in their order",
			task.Spec{Name: task.Seq2Seq, Metrics: []string{task.RougeL, task.TER, task.ChrFPlus, task.Rouge1}},
			[]graded{{"a b", texts("a b")}}, map[string]float64{"ter": 0, "chrf++": 100, "rougeL": 1, "rouge1": 1}},
		{"sentences of summaries", task.Spec{Name: task.Summarization,
			Metrics: []string{task.RougeLsum, task.RougeLsum + task.Stemmed, task.RougeL}},
			[]graded{{"c d . a b", texts("a b . c d")}, {"c d . a b", texts("a b c d")},
				{"c d a b", texts("a b . c d")}},
			map[string]float64{"rougeLsum": 1, "rougeLsum-stem": 1, "rougeL": 0.5}},
		{"numbers, one unreadable", task.Spec{Name: task.Regression},
			[]graded{{"1.0", task.Reference{Number: 1}}, {"3.0", task.Reference{Number: 3}},
				{"much", task.Reference{Number: 0}}},
			map[string]float64{"spearman": 1, "mse": 1. / 3}},
		{"entities", people,
			[]graded{{"person: Ada; place: Rome",
				task.Reference{Tokens: []string{"Ada", "saw", "Rome"}, Tags: []string{"B-PER", "O", "B-PER"}}}},
			map[string]float64{"f1": 0.5, "tag_accuracy": 2. / 3}},
		{"referents", task.Spec{Name: task.Seq2Seq, Rule: task.WSC},
			[]graded{{"the dog", task.Reference{Texts: []string{"dog"}, Label: 1}},
				{"cat", task.Reference{Texts: []string{"cat"}, Label: 0}}},
			map[string]float64{"accuracy": 0.5}},
		{"referents, no answer to wrong ones", task.Spec{Name: task.Seq2Seq, Rule: task.WNLI},
			[]graded{{"", task.Reference{Texts: []string{"cat"}, Label: 0}},
				{"the", task.Reference{Texts: []string{"cat"}, Label: 0}},
				{"dog", task.Reference{Texts: []string{"cat"}, Label: 0}},
				{"", task.Reference{Texts: []string{"cat"}, Label: 1}}},
			map[string]float64{"accuracy": 0.25}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := graderOf(t, c.spec)
			for _, e := range c.examples {
				if err := g.Add(e.answer, e.ref); err != nil {
					t.Fatal(err)
				}
			}
			got := metric.Map(g.Result())
			for name, want := range c.want {
				if v, ok := got[name]; !ok || math.Abs(v-want) > 1e-12 {
					t.Errorf("%s: got %g (there: %t), want %g", name, v, ok, want)
				}
			}
			if g.Len() != len(c.examples) {
				t.Errorf("%d examples, want %d", g.Len(), len(c.examples))
			}
			intervals, err := metric.Bootstrap(t.Context(), g, 0)
			if err != nil || len(intervals) != len(got) {
				t.Errorf("intervals %v, %v: want one of each of %v", intervals, err, got)
			}
			for _, v := range g.Result() {
				if v.Name == c.spec.Best() {
					return
				}
			}
			if c.spec.Best() != "loss" {
				t.Errorf("the best checkpoint is found by %s, which is none of %v", c.spec.Best(), got)
			}
		})
	}
}

// TestValuesOfTasks holds what a task promises to be measured by to what its grader measures.
func TestValuesOfTasks(t *testing.T) {
	for _, name := range task.General() {
		spec := task.Spec{Name: name, Labels: []task.Label{{Name: "a", Text: "a"}}}
		if spec.ScoresLabels() {
			continue
		}
		g := graderOf(t, spec)
		ref := task.Reference{Texts: []string{"a"}, Tokens: []string{"a"}, Tags: []string{"O"}}
		if err := g.Add("a", ref); err != nil {
			t.Fatal(err)
		}
		got := metric.Map(g.Result())
		for _, value := range spec.Values() {
			if _, ok := got[value]; !ok && value != "loss" && value != "perplexity" {
				t.Errorf("%s: %s is not among %v", name, value, got)
			}
		}
	}
}

// graderOf returns the grader of a task whose tokenizer can write everything.
func graderOf(t *testing.T, spec task.Spec) grader {
	t.Helper()
	g, err := newGrader(spec, func(text string) string { return text })
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestEveryMetricHasItsValue asks for each metric that a kind of answers can be measured by: what evaluations compare
// by is what they compute, under the name that was asked for. A name of another kind is an error, and no value that is
// missing.
func TestEveryMetricHasItsValue(t *testing.T) {
	labels := []task.Label{{Name: "a", Text: "a"}, {Name: "b", Text: "b"}}
	for _, spec := range []task.Spec{
		{Name: task.Seq2Seq},
		{Name: task.Regression},
		{Name: task.NER, Entities: labels},
		{Name: task.Seq2Seq, Rule: task.WSC},
		{Name: task.Classification, Labels: labels, GroupColumns: []string{"question"}},
	} {
		for _, name := range spec.Kind().Metrics() {
			spec.Metrics = []string{name}
			got := metric.Names(measured(t, spec))
			for _, want := range spec.Values() {
				if want != task.Loss && want != task.Perplexity && !slices.Contains(got, want) {
					t.Errorf("%s measured by %s: got %v, want %s among them", spec.Name, name, got, want)
				}
			}
		}
		for _, name := range []string{"unheard", "bleu-moses", "rouge3", "rouge1-lc", task.Loss} {
			spec.Metrics = []string{name}
			var err error
			if spec.ScoresLabels() {
				_, err = newLabelEvaluator(&Evaluator{spec: spec}, exampleCollector{})
			} else {
				_, err = newGrader(spec, nil)
			}
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s measured by %s: got error %v, want one that names it", spec.Name, name, err)
			}
			if _, err := newTextGrader(spec.Metrics); err == nil {
				t.Errorf("%s is taken for a metric of texts", name)
			}
			if _, err := new(metric.Regression).Only(name); err == nil {
				t.Errorf("%s is taken for a metric of numbers", name)
			}
		}
	}
}

// measured returns the metrics of one right answer.
func measured(t *testing.T, spec task.Spec) []metric.Value {
	t.Helper()
	if !spec.ScoresLabels() {
		g := graderOf(t, spec)
		if err := g.Add("a", task.Reference{Texts: []string{"a"}, Tokens: []string{"a"},
			Tags: []string{"O"}}); err != nil {
			t.Fatal(err)
		}
		return g.Result()
	}
	r, err := newLabelEvaluator(&Evaluator{spec: spec}, exampleCollector{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.classes.Add(1, 1); err != nil {
		t.Fatal(err)
	}
	r.groups.Add("question", true)
	return r.scores()
}

// TestAskedMetrics: a task that names metrics is measured by these, and by nothing else.
func TestAskedMetrics(t *testing.T) {
	ref := task.Reference{Texts: []string{"a"}, Tokens: []string{"a"}, Tags: []string{"B-PER"}}
	entities := []task.Label{{Name: "PER", Text: "person"}}
	for _, c := range []struct {
		spec task.Spec
		want []string
	}{
		{task.Spec{Name: task.NER, Entities: entities, Metrics: []string{task.TagAccuracy, task.F1}},
			[]string{"tag_accuracy", "f1"}},
		{task.Spec{Name: task.NER, Entities: entities, Metrics: []string{task.Seqeval}},
			[]string{"precision", "recall", "f1", "f1_macro", "f1_weighted", "tag_accuracy", "f1_PER"}},
		{task.Spec{Name: task.Regression, Metrics: []string{task.MSE}}, []string{"mse"}},
		{task.Spec{Name: task.QuestionAnswering, Metrics: []string{task.F1}}, []string{"f1"}},
		{task.Spec{Name: task.QuestionAnswering, Metrics: []string{task.F1, task.ExactMatch}},
			[]string{"f1", "exact_match"}},
	} {
		g := graderOf(t, c.spec)
		if err := g.Add("a", ref); err != nil {
			t.Fatal(err)
		}
		if got := metric.Names(g.Result()); !slices.Equal(got, c.want) ||
			!slices.Equal(metric.Names(g.Sample([]int{0})),
				c.want) {
			t.Errorf("%s %v: got %v, want %v", c.spec.Name, c.spec.Metrics, got, c.want)
		}
	}
}

// TestVariantsOfMetrics holds names with an option to the metric with that option, and each to a signature that says
// it.
func TestVariantsOfMetrics(t *testing.T) {
	names := []string{"rouge1", "bleu-lc", "rouge1-stem", "bleu", "bleu-char", "bleu-none", "bleu-zh", "bleu-intl",
		"rougeLsum-stem"}
	spec := task.Spec{Name: task.Seq2Seq, TextColumns: []string{"a"}, TargetColumn: "b", Metrics: names}
	if err := spec.Validate(); err != nil {
		t.Fatal(err)
	}
	answer, right := "The Cats were running, home", "the cat was running home"
	g := graderOf(t, spec)
	if err := g.Add(answer, task.Reference{Texts: []string{right}}); err != nil {
		t.Fatal(err)
	}
	score := func(s texts.Metric, value string) metric.Value {
		return metric.Value{Value: metric.Map(texts.Scores(s, answer, []string{right}))[value]}
	}
	want := []metric.Value{
		score(texts.ROUGE{}, "rouge1"), score(texts.BLEU{Lowercase: true}, "bleu"),
		score(texts.ROUGE{Stemmer: true}, "rouge1"),
		score(texts.BLEU{}, "bleu"), score(texts.BLEU{Tokenizer: texts.TokenizeChar}, "bleu"),
		score(texts.BLEU{Tokenizer: texts.TokenizeNone}, "bleu"),
		score(texts.BLEU{Tokenizer: texts.TokenizeZh}, "bleu"),
		score(texts.BLEU{Tokenizer: texts.TokenizeIntl}, "bleu"),
		score(texts.ROUGE{Stemmer: true}, "rougeLsum"),
	}
	for i := range want {
		want[i].Name = names[i]
	}
	if got := g.Result(); !slices.Equal(got, want) || want[0].Value >= want[2].Value {
		t.Errorf("got %v, want %v", got, want)
	}
	signatures := strings.Join(g.Signatures(), "\n")
	for _, part := range []string{"rouge1: nrefs:1|stemmer:no", "rouge1-stem, rougeLsum-stem: nrefs:1|stemmer:yes",
		"bleu-zh: nrefs:1|case:mixed|eff:no|tok:zh|", "bleu-lc: nrefs:1|case:lc|"} {
		if !strings.Contains(signatures, part) {
			t.Errorf("%q is not in %s", part, signatures)
		}
	}
}

// TestGradersKnowWhatCanBeWritten: an entity that the tokenizer cannot write as it stands is found all the same.
func TestGradersKnowWhatCanBeWritten(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	spec := task.Spec{Name: task.NER, Entities: []task.Label{{Name: "PER", Text: "person"}}}
	e := Evaluator{tokenizer: tok}
	g, err := newGrader(spec, e.copied)
	if err != nil {
		t.Fatal(err)
	}
	ref := task.Reference{Tokens: []string{"Ｊoão☃", "slept"}, Tags: []string{"B-PER", "O"}}
	if err := g.Add(e.copied("person: "+ref.Tokens[0]), ref); err != nil {
		t.Fatal(err)
	}
	if got := metric.Map(g.Result())["f1"]; got != 1 {
		t.Errorf("f1 of the target itself is %g, want 1", got)
	}
}

// TestClassesOfCB: the means of super_glue/cb are over all of its labels, as T5 has them.
func TestClassesOfCB(t *testing.T) {
	for name, want := range map[string]float64{"super_glue/cb": 1. / 3, "glue/mnli": 1} {
		spec, _ := task.Named(name)
		r, err := newLabelEvaluator(&Evaluator{spec: spec}, exampleCollector{})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.classes.Add(0, 0); err != nil {
			t.Fatal(err)
		}
		if got := metric.Map(r.classes.Result())[task.F1Macro]; got != want {
			t.Errorf("%s: f1_macro of one right answer is %g, want %g", name, got, want)
		}
	}
}

// TestCountsOfAnswers: what could not be read shows among the values, whichever metrics are asked for. -1 for what is
// no number, as T5 has it, may be right by chance.
func TestCountsOfAnswers(t *testing.T) {
	people := []task.Label{{Name: "PER", Text: "person"}}
	tokens := task.Reference{Tokens: []string{"Ada", "slept"}, Tags: []string{"B-PER", "O"}}
	minusOne, other := task.Reference{Number: -1}, task.Reference{Number: -0.8}
	for _, c := range []struct {
		spec    task.Spec
		answers []string
		refs    []task.Reference
		want    map[string]float64
	}{
		{task.Spec{Name: task.Regression, Metrics: []string{task.Pearson}}, []string{"?", "much", "??", "-0.8"},
			[]task.Reference{minusOne, minusOne, minusOne, other},
			map[string]float64{"pearson": 1, "unreadable": 3, "truncated": 0}},
		{task.Spec{Name: task.NER, Entities: people, Metrics: []string{task.F1}},
			[]string{"person: Ada; person: Bob; person: Eve", "none"},
			[]task.Reference{tokens, tokens}, map[string]float64{"f1": 2. / 3, "lost": 2, "truncated": 0}},
	} {
		w := generationEvaluator{grader: graderOf(t, c.spec)}
		for i, answer := range c.answers {
			if err := w.grader.Add(answer, c.refs[i]); err != nil {
				t.Fatal(err)
			}
		}
		if got := metric.Map(w.values()); len(got) != len(c.want) {
			t.Errorf("%s: got %v, want %v", c.spec.Name, got, c.want)
		} else {
			for name, want := range c.want {
				if math.Abs(got[name]-want) > 1e-12 {
					t.Errorf("%s: %s is %g, want %g", c.spec.Name, name, got[name], want)
				}
			}
		}
	}
}

// TestIntervalsTellTheirProgress counts the samples of two metrics together.
func TestIntervalsTellTheirProgress(t *testing.T) {
	g := graderOf(t, task.Spec{Name: task.Regression, Metrics: []string{task.MSE}})
	if err := g.Add("1", task.Reference{Number: 2}); err != nil {
		t.Fatal(err)
	}
	var samples int
	list, err := metric.Bootstrap(t.Context(), watched{g, func() { samples++ }}, 0)
	if err != nil || samples != metric.Resamples || len(list) != 1 {
		t.Errorf("%d samples told, %v, %v", samples, list, err)
	}
	list, err = intervals(t.Context(), []metric.Sampled{g, g}, []string{task.MSE}, nil)
	if want := (metric.Interval{Name: task.MSE, Low: 1, High: 1}); err != nil || !slices.Equal(list,
		[]metric.Interval{want, want}) {
		t.Errorf("got %v, %v", list, err)
	}
}

// TestIntervalsOfQuestions: f1 of super_glue/multirc is sampled by questions, as its exact match is.
func TestIntervalsOfQuestions(t *testing.T) {
	spec, _ := task.Named("super_glue/multirc")
	r, err := newLabelEvaluator(&Evaluator{spec: spec}, exampleCollector{})
	if err != nil {
		t.Fatal(err)
	}
	for _, question := range []string{"a", "b", "a"} {
		if err := r.classes.Add(1, 1); err != nil {
			t.Fatal(err)
		}
		r.groups.Add(question, true)
	}
	for _, s := range r.sampled() {
		if s.Len() != 2 {
			t.Errorf("%v is sampled from %d, want 2 questions", metric.Names(s.Result()), s.Len())
		}
	}
}

// TestSeqevalModesAgree: the lenient mode of seqeval finds the same entities as the strict one, whatever the scheme of
// the data and however odd the answer, so there is no metric for either.
func TestSeqevalModesAgree(t *testing.T) {
	str := func(list ...string) table.Cell {
		c := table.Cell{Kind: table.List}
		for _, s := range list {
			c.Items = append(c.Items, table.Cell{Kind: table.String, Str: s})
		}
		return c
	}
	spec := task.Spec{Name: task.NER, TextColumns: []string{"tokens"}, LabelColumn: "tags",
		Entities: []task.Label{{Name: "PER", Text: "person"}, {Name: "LOC-A", Text: "place"}}}
	words := []string{"a", "b", "a", "c", "b", "d"}
	for _, tags := range [][]string{
		{"I-PER", "I-PER", "O", "I-LOC-A", "I-PER", "B-PER"},
		{"S-PER", "B-PER", "I-PER", "E-PER", "E-LOC-A", "I-LOC-A"},
	} {
		_, ref, err := spec.HeldOut([]table.Cell{str(words...), str(tags...)})
		if err != nil {
			t.Fatal(err)
		}
		for _, answer := range []string{"person: a b; person: a; place: c b d",
			"place: d; person: c; person: b; place: a",
			"person:a;place:b;person:a c"} {
			answered, _ := spec.TagsOf(answer, ref.Tokens)
			lenient, strict := metric.Tagging{}, metric.Tagging{Strict: true}
			for _, m := range []*metric.Tagging{&lenient, &strict} {
				if err := m.Add(ref.Tags, answered); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := lenient.Result(), strict.Result(); !slices.Equal(got, want) {
				t.Errorf("%v, %q: lenient %v, strict %v", tags, answer, got, want)
			}
		}
	}
}
