package baseline

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"t5train/data/task"
)

// accuracy is the share of answers that are the labels, or the texts.
func accuracy(spec task.Spec) Score {
	return func(answers []string, rows []Row) (float64, error) {
		right := 0
		for i, r := range rows {
			if spec.Kind() == task.Labels && spec.Decode(answers[i]) == r.Ref.Label ||
				spec.Kind() == task.Texts && answers[i] == r.Ref.Texts[0] {
				right++
			}
		}
		return float64(right) / float64(len(rows)), nil
	}
}

var sentiment = task.Spec{Name: task.Classification, TextColumns: []string{"text"},
	Labels: []task.Label{{Name: "bad", Text: "bad"}, {Name: "good", Text: "good"}, {Name: "so", Text: "so"}}}

// reviews are rows of some classes whose words tell the class.
func reviews(n, classes int) (rows []Row) {
	words := []string{"awful boring", "lovely moving", "mixed middling"}
	for i := range n {
		k := i % classes
		text := fmt.Sprintf("Film %d was %s, they say %d", i, words[k], i*i%7)
		rows = append(rows, Row{[]string{text}, task.Reference{Label: k}})
	}
	return rows
}

func TestLabels(t *testing.T) {
	for _, classes := range []int{2, 3} {
		spec := sentiment
		spec.Labels = spec.Labels[:classes]
		m, err := Fit(t.Context(), spec, reviews(60, classes), accuracy(spec), 2)
		if err != nil {
			t.Fatal(err)
		}
		held := reviews(75, classes)[60:]
		if value, _ := accuracy(spec)(m.Answer(held), held); value != 1 {
			t.Errorf("%d classes: accuracy %g of %s, want 1", classes, value, m.Method)
		}
	}
	if m, err := Fit(t.Context(), sentiment, reviews(10, 1), accuracy(sentiment), 1); m != nil || err != nil {
		t.Errorf("one label: got %v, %v, want nothing", m, err)
	}
}

// TestThreads: the same rows give the same bits, on any number of threads.
func TestThreads(t *testing.T) {
	rows := reviews(200, 3)
	v := learnVectors(joinedTexts(rows))
	x := v.joined(rows)
	var class []int
	for _, r := range rows {
		class = append(class, r.Ref.Label)
	}
	var before []float32
	for _, threads := range []int{1, 3} {
		l, err := fitting{ctx: t.Context(), threads: threads}.classify(x, class, 3, 4, exact)
		if err != nil {
			t.Fatal(err)
		}
		if before != nil && !slices.Equal(before, l.weights) {
			t.Error("the weights depend on the number of threads")
		}
		before = l.weights
	}
}

// TestGradients compares the gradients of the losses with finite differences.
func TestGradients(t *testing.T) {
	for name, c := range map[string]struct {
		of     loss
		scores []float32
	}{
		"cross-entropy": {crossEntropy([]int{1}), []float32{0.5, -0.25, 1.5}},
		"logistic 0":    {logistic([]int{0}), []float32{0.75}},
		"logistic 1":    {logistic([]int{1}), []float32{-2}},
		"squared":       {squared([]float64{0.5}), []float32{2}},
	} {
		gradient := slices.Clone(c.scores)
		c.of(0, gradient)
		for j := range c.scores {
			const h = 1.0 / 256
			at := func(d float32) float64 {
				s := slices.Clone(c.scores)
				s[j] += d
				return c.of(0, s)
			}
			if want := (at(h) - at(-h)) / (2 * h); math.Abs(want-float64(gradient[j])) > 1e-4 {
				t.Errorf("%s, score %d: gradient %g, by differences %g", name, j, gradient[j], want)
			}
		}
	}
}

// TestRidge compares with the solution of the normal equations: y = 2 x + 1, held back by alpha 1 of two rows, x 0 and
// 2: of the mean, 1, the spread is 1, so the slope is 4/(2+1).
func TestRidge(t *testing.T) {
	x := &matrix{columns: 1}
	x.end()
	x.add(0, 2)
	x.end()
	l := &linear{make([]float32, 2), 1, 1}
	if err := l.fit(t.Context(), x, squared([]float64{1, 5}), 0.5, 1e-6); err != nil {
		t.Fatal(err)
	}
	slope, at := float64(l.weights[0]), float64(l.weights[1])
	if math.Abs(slope-4.0/3) > 1e-4 || math.Abs(at-5.0/3) > 1e-4 {
		t.Errorf("got %g x + %g, want 4/3 x + 5/3", slope, at)
	}
}

func TestNumbers(t *testing.T) {
	spec := task.Spec{Name: task.Regression, TextColumns: []string{"a", "b"}}
	var rows []Row
	for i := range 40 {
		b := "a cat sat on the mat"
		if i%2 == 0 {
			b = fmt.Sprintf("stocks fell by %d per cent", i)
		}
		rows = append(rows, Row{[]string{"a cat sat on a mat", b}, task.Reference{Number: float64(i % 2 * 5)}})
	}
	distance := func(answers []string, rows []Row) (float64, error) {
		sum := 0.0
		for i, r := range rows {
			v, _ := task.Number(answers[i])
			sum -= math.Abs(v - r.Ref.Number)
		}
		return sum / float64(len(rows)), nil
	}
	m, err := Fit(t.Context(), spec, rows, distance, 1)
	if err != nil {
		t.Fatal(err)
	}
	if value, _ := distance(m.Answer(rows), rows); value < -0.5 {
		t.Errorf("off by %g on average by %s", -value, m.Method)
	}
}

func TestEntities(t *testing.T) {
	spec := task.Spec{Name: task.NER, TextColumns: []string{"tokens"},
		Entities: []task.Label{{Name: "PER", Text: "person"}}}
	var rows []Row
	for _, name := range strings.Fields("Anna Berta Clara Dora Emma Frieda Gerda Hanna Ida Jana Kim Lea") {
		rows = append(rows, Row{[]string{""}, task.Reference{Tokens: []string{"then", name, "Smith", "came", "home"},
			Tags: []string{"O", "B-PER", "I-PER", "O", "O"}}})
	}
	right := func(answers []string, rows []Row) (float64, error) {
		n := 0.0
		for i, r := range rows {
			if tags, _ := spec.TagsOf(answers[i], r.Ref.Tokens); slices.Equal(tags, r.Ref.Tags) {
				n++
			}
		}
		return n, nil
	}
	m, err := Fit(t.Context(), spec, rows, right, 1)
	if err != nil {
		t.Fatal(err)
	}
	held := []Row{{nil, task.Reference{Tokens: []string{"then", "Olga", "Smith", "came", "home"}}}}
	if got := m.Answer(held); got[0] != "person: Olga Smith" {
		t.Errorf("got %q", got)
	}
	if got := shapeOf("McDonald's-1999é"); got != "XxXxx'x-00x" {
		t.Errorf("shape %s", got)
	}
}

func TestTexts(t *testing.T) {
	rows := []Row{{[]string{"One came. Two went. Three."}, task.Reference{Texts: []string{"One came."}}}}
	m, err := Fit(t.Context(), task.Spec{Name: task.Seq2Seq, TextColumns: []string{"text"}}, rows,
		accuracy(task.Spec{Name: task.Seq2Seq}), 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Answer(rows); m.Method != "the first sentence" || got[0] != "One came." {
		t.Errorf("got %s: %q", m.Method, got)
	}
	if got := nearestSentence(Row{Texts: []string{"who went", "One came. Two went."}}); got != "Two went." {
		t.Errorf("nearest sentence: %q", got)
	}
}

// TestGrams has the grams that TfidfVectorizer makes.
func TestGrams(t *testing.T) {
	for _, test := range []struct {
		grams func(string, func(string))
		text  string
		want  string
	}{
		{wordGrams, "I am  not_a Robot2!", "am|not_a|am not_a|robot2|not_a robot2"},
		{charGrams, "Ab c", " a|ab|b | ab|ab | ab | c|c | c "},
		{charGrams, "", ""},
	} {
		var got []string
		test.grams(test.text, func(gram string) { got = append(got, gram) })
		if strings.Join(got, "|") != test.want {
			t.Errorf("%q: got %q, want %s", test.text, got, test.want)
		}
	}
}

// TestTFIDF has the values of TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True) of scikit-learn 1.7 for "tea tea",
// learnt from itself and "hot tea".
func TestTFIDF(t *testing.T) {
	v := learn([]string{"tea tea", "hot tea"}, 10, wordGrams)
	m := &matrix{columns: len(v.idf)}
	v.add(m, 0, "tea tea")
	tea, twice := 1+math.Log(2), math.Log(1.5)+1
	norm := math.Hypot(tea, twice)
	if len(m.value) != 2 || math.Abs(float64(m.value[0])-tea/norm) > 1e-6 ||
		math.Abs(float64(m.value[1])-twice/norm) > 1e-6 {
		t.Errorf("got %v, want %g and %g", m.value, tea/norm, twice/norm)
	}
	if v := learn([]string{"b b a c"}, 2, func(text string, yield func(string)) {
		for _, w := range strings.Fields(text) {
			yield(w)
		}
	}); len(v.ids) != 2 || v.ids["b"] != 0 || v.ids["a"] != 1 {
		t.Errorf("the two most frequent of b, a and c: %v", v.ids)
	}
}

func TestStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Fit(ctx, sentiment, reviews(20, 3), accuracy(sentiment), 1); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

// FuzzGrams: any text makes a row.
func FuzzGrams(f *testing.F) {
	for _, text := range []string{"", "a", "ab c", "\xff é\u0301 日本 ,", "  x\t"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v := learnVectors([]string{text, "some other text"})
		m := v.joined([]Row{{Texts: []string{text}}})
		for _, value := range m.value {
			if !(value > 0 && value <= 1) {
				t.Fatalf("%q has a value of %g", text, value)
			}
		}
		sentences(text)
	})
}
