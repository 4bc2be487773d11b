package metric

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"t5train/data/task"
)

// Classification counts predicted classes against true ones.
//
// A model that writes its answers can write something that is no label. Such an invalid prediction is
// wrong, whatever the metric: it belongs to no class, so the true class misses an example (its recall
// falls) and no class gets a false one. Matthews correlation takes the invalid ones as a class of their own.
// The binary values, precision, recall and f1 of two classes, follow the T5 library: there an invalid
// prediction counts as the class that is not true, so it costs precision too.
type Classification struct {
	// All has f1_macro, precision_macro and recall_macro average over all classes: labels=range(n) of scikit-learn. One
	// that occurs neither among labels nor among predictions counts as 0 then; otherwise it is left out.
	All bool

	labels   []string
	counts   [][]int // [true class][predicted class, the last for invalid]
	examples []answer
}

// answer is the true class of an example and the predicted one, the number of classes for invalid.
type answer struct{ label, prediction int32 }

// NewClassification returns a metric for examples of the labels, whose indices are the classes.
func NewClassification(labels []string) (*Classification, error) {
	if len(labels) == 0 {
		return nil, errors.New("classification: no labels, want at least one")
	}
	return emptyClassification(slices.Clone(labels)), nil
}

func emptyClassification(labels []string) *Classification {
	c := &Classification{labels: labels}
	for range labels {
		c.counts = append(c.counts, make([]int, len(labels)+1))
	}
	return c
}

// Add counts one example. label is its class; a prediction outside of the classes, as -1, is invalid.
func (c *Classification) Add(label, prediction int) error {
	if label < 0 || label >= len(c.labels) {
		return fmt.Errorf("classification: label %d is no class, want from 0 to %d: are these examples of a test set "+
			"without labels?",
			label, len(c.labels)-1)
	}
	if prediction < 0 || prediction >= len(c.labels) {
		prediction = len(c.labels)
	}
	c.count(answer{int32(label), int32(prediction)})
	return nil
}

func (c *Classification) count(a answer) {
	c.counts[a.label][a.prediction]++
	c.examples = append(c.examples, a)
}

// Len is the number of examples.
func (c *Classification) Len() int { return len(c.examples) }

// Sample returns the values of some examples, as [Sampled] says.
func (c *Classification) Sample(index []int) []Value {
	s := emptyClassification(c.labels)
	s.All = c.All
	for _, i := range index {
		s.count(c.examples[i])
	}
	return s.Result()
}

// Class is the score of one class.
type Class struct {
	Label     string
	Precision float64 // part of the predictions of this class that are right
	Recall    float64 // part of the examples of this class that are found
	F1        float64 // their harmonic mean
	Support   int     // examples of this class
	Predicted int     // predictions of this class
}

// Classes returns the scores of all classes in order.
func (c *Classification) Classes() []Class {
	classes := make([]Class, len(c.labels))
	for k, label := range c.labels {
		classes[k] = newClass(label, c.counts[k][k], c.support(k), c.predicted(k))
	}
	return classes
}

func newClass(label string, right, support, predicted int) Class {
	return Class{
		Label:     label,
		Precision: Ratio(float64(right), float64(predicted)),
		Recall:    Ratio(float64(right), float64(support)),
		F1:        Ratio(2*float64(right), float64(support+predicted)),
		Support:   support,
		Predicted: predicted,
	}
}

// Confusion returns the number of examples by true class (row) and predicted class (column). The last
// column, one more than there are classes, counts invalid predictions.
func (c *Classification) Confusion() [][]int {
	rows := make([][]int, len(c.counts))
	for k, row := range c.counts {
		rows[k] = slices.Clone(row)
	}
	return rows
}

// Result returns, in this order:
//
//   - accuracy;
//   - f1, precision and recall: of class 1 where there are two classes, else the means over classes;
//   - f1_macro, precision_macro and recall_macro: the mean over the classes that occur among labels or
//     predictions, or over all;
//   - f1_micro: from the counts of all classes together, which is the accuracy; precision and recall would
//     be the same;
//   - f1_weighted: the mean over classes by their number of examples;
//   - matthews_correlation, from -1 to 1;
//   - examples, and invalid: the number of invalid predictions.
func (c *Classification) Result() []Value {
	var right, examples, invalid int
	var macro Class
	var weighted, occurring float64
	for k, class := range c.Classes() {
		right += c.counts[k][k]
		examples += class.Support
		invalid += c.counts[k][len(c.labels)]
		weighted += class.F1 * float64(class.Support)
		if c.All || class.Support+class.Predicted > 0 {
			occurring++
			macro.Precision += class.Precision
			macro.Recall += class.Recall
			macro.F1 += class.F1
		}
	}
	macro.Precision = Ratio(macro.Precision, occurring)
	macro.Recall = Ratio(macro.Recall, occurring)
	macro.F1 = Ratio(macro.F1, occurring)
	main := macro
	if len(c.labels) == 2 {
		main = c.binary()
	}
	accuracy := Ratio(float64(right), float64(examples))
	return []Value{
		{task.Accuracy, accuracy},
		{task.F1, main.F1},
		{task.Precision, main.Precision},
		{task.Recall, main.Recall},
		{task.F1Macro, macro.F1},
		{task.PrecisionMacro, macro.Precision},
		{task.RecallMacro, macro.Recall},
		{task.F1Micro, accuracy},
		{task.F1Weighted, Ratio(weighted, float64(examples))},
		{task.Matthews, c.matthews()},
		{task.Examples, float64(examples)},
		{"invalid", float64(invalid)},
	}
}

// binary is the score of class 1 of two, an invalid prediction standing for the class that is not true:
// f1_score_with_invalid of t5/evaluation/metrics.py.
func (c *Classification) binary() Class {
	falseNegatives := c.support(1) - c.counts[1][1]
	falsePositives := c.counts[0][1] + c.counts[0][2]
	right := c.counts[1][1]
	return newClass(c.labels[1], right, right+falseNegatives, right+falsePositives)
}

// matthews is the correlation of true and predicted classes (Gorodkin 2004), 0 where one of them is
// constant. With n examples, t[k] of class k, p[k] predicted as k and r right ones it is
//
//	(n*r - sum t*p) / sqrt((n^2 - sum t^2) * (n^2 - sum p^2))
func (c *Classification) matthews() float64 {
	var n, right, both, trueSquares, predictedSquares float64
	for k := range c.labels {
		t, p := float64(c.support(k)), float64(c.predicted(k))
		n += t
		right += float64(c.counts[k][k])
		both += t * p
		trueSquares += t * t
		predictedSquares += p * p
	}
	invalid := float64(c.predicted(len(c.labels))) // a class that is never true
	predictedSquares += invalid * invalid
	return Ratio(n*right-both, math.Sqrt(n*n-trueSquares)*math.Sqrt(n*n-predictedSquares))
}

// support is the number of examples of a class.
func (c *Classification) support(class int) int {
	var sum int
	for _, n := range c.counts[class] {
		sum += n
	}
	return sum
}

// predicted is the number of predictions of a class.
func (c *Classification) predicted(class int) int {
	var sum int
	for _, row := range c.counts {
		sum += row[class]
	}
	return sum
}

// Groups is the part of the groups of examples whose every answer is right: the exact match of questions whose answers
// are rows of their own, as MultiRC has them. The zero value is ready to use. A sample of it is one of whole groups.
type Groups struct {
	number  map[string]int // of a key, in order of first appearance
	right   []bool
	members [][]int // numbers of the examples
	added   int
}

// Add counts an example of the group of a key.
func (g *Groups) Add(key string, right bool) {
	if g.number == nil {
		g.number = make(map[string]int)
	}
	n, ok := g.number[key]
	if !ok {
		n = len(g.right)
		g.number[key] = n
		g.right, g.members = append(g.right, true), append(g.members, nil)
	}
	g.right[n] = g.right[n] && right
	g.members[n] = append(g.members[n], g.added)
	g.added++
}

// Whole returns a metric of the same examples as one whose samples are of whole groups. Answers of one group depend on
// each other, so samples of single examples would differ too little, and intervals be too narrow (Field and Welsh 2007,
// "Bootstrapping clustered data").
func (g *Groups) Whole(m Sampled) Sampled { return whole{m, g} }

type whole struct {
	Sampled
	groups *Groups
}

// Len is the number of groups.
func (w whole) Len() int { return w.groups.Len() }

// Sample returns the values of all examples of some groups.
func (w whole) Sample(index []int) []Value {
	var examples []int
	for _, i := range index {
		examples = append(examples, w.groups.members[i]...)
	}
	return w.Sampled.Sample(examples)
}

// Len is the number of groups.
func (g *Groups) Len() int { return len(g.right) }

// Result returns group_exact_match, from 0 to 1; 0 without groups.
func (g *Groups) Result() []Value {
	match := 0
	for _, right := range g.right {
		if right {
			match++
		}
	}
	return groupMatch(match, len(g.right))
}

// Sample returns the value of some groups, as [Sampled] says.
func (g *Groups) Sample(index []int) []Value {
	match := 0
	for _, i := range index {
		if g.right[i] {
			match++
		}
	}
	return groupMatch(match, len(index))
}

func groupMatch(match, groups int) []Value {
	return []Value{{task.GroupMatch, Ratio(float64(match), float64(groups))}}
}
