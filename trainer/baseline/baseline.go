package baseline

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"t5train/data"
	"t5train/data/table"
	"t5train/data/task"
)

// Row is an example of a task: the texts of its columns, and what an answer is checked against.
type Row struct {
	Texts []string
	Ref   task.Reference
}

// Read returns the rows of a table, which has the columns of a task.
func Read(ctx context.Context, t data.Table, spec task.Spec) (rows []Row, err error) {
	err = t.Scan(ctx, spec.Columns(), func(row int64, cells []table.Cell) error {
		_, ref, err := spec.HeldOut(cells)
		if err != nil {
			path, inFile := t.Locate(row)
			return fmt.Errorf("baseline: %s, row %d (the first is 0): %w", path, inFile, err)
		}
		r := Row{Ref: ref}
		for _, c := range cells[:len(spec.TextColumns)] {
			text, err := spec.Text(c)
			if err != nil {
				return fmt.Errorf("baseline: %w", err)
			}
			r.Texts = append(r.Texts, strings.Clone(text))
		}
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

// Score returns how good answers to rows are; more is better.
type Score func(answers []string, rows []Row) (float64, error)

// Model is a baseline that has learnt.
type Model struct {
	Method string // what it is, in words
	answer func(rows []Row) []string
}

// Answer returns answers to rows, as a model would write them.
func (m *Model) Answer(rows []Row) []string { return m.answer(rows) }

// The settings that are tried: C of logistic regression, the inverse of how strongly weights are held back, and alpha
// of ridge regression.
var (
	labelSettings  = []float64{1, 4, 16, 64}
	entitySettings = []float64{1, 10}
	numberSettings = []float64{100, 10, 1, 0.1}
)

const (
	// crossValidated is the number of rows up to which settings are chosen by cross-validation in five parts; of more,
	// the first part alone says which is best.
	crossValidated = 2000
	// choosing is the most rows that choose a setting; the model learns from all.
	choosing = 5000

	// Where fits end: those that choose a setting, and the last one. scikit-learn has 1e-4.
	rough, exact = 1e-4, 1e-5
)

// Fit learns from rows, on some threads. The setting that the score finds best on rows that were held back, out of the
// ones that it was given, learns from all. It returns nil for a task that has no baseline, and without anything to
// learn: no rows, or one label.
func Fit(ctx context.Context, spec task.Spec, rows []Row, score Score, threads int) (*Model, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	f := fitting{ctx, spec, rows, score, threads}
	switch spec.Kind() {
	case task.Labels:
		return f.labels()
	case task.Numbers:
		return f.numbers()
	case task.Entities:
		return f.entities()
	case task.Texts:
		return f.texts()
	}
	return nil, nil
}

type fitting struct {
	ctx     context.Context
	spec    task.Spec
	rows    []Row
	score   Score
	threads int
}

func (f fitting) pick(index []int) []Row {
	rows := make([]Row, len(index))
	for k, i := range index {
		rows[k] = f.rows[i]
	}
	return rows
}

// fitter learns from some rows by a setting, and returns what answers others.
type fitter func(rows []int, setting, tolerance float64) (answer func([]Row) []string, err error)

// best returns the setting whose answers to rows that were held back are best. Settings go from those that hold weights
// back most, and the search ends with one that is worse than the one before.
func (f fitting) best(settings []float64, fit fitter) (best float64, err error) {
	const parts = 5
	order, tried := shuffled(len(f.rows)), parts
	order = order[:min(choosing, len(order))]
	if len(order) > crossValidated {
		tried = 1
	}
	most := math.Inf(-1)
	if best = settings[0]; len(order) < parts {
		return best, nil
	}
	for _, setting := range settings {
		var answers []string
		var held []int
		for part := range tried {
			var train, test []int
			for k, i := range order {
				if k%parts == part {
					test = append(test, i)
				} else {
					train = append(train, i)
				}
			}
			answer, err := fit(train, setting, rough)
			if err != nil {
				return 0, err
			}
			answers, held = append(answers, answer(f.pick(test))...), append(held, test...)
		}
		value, err := f.score(answers, f.pick(held))
		if err != nil || value < most {
			return best, err
		}
		if value > most {
			best, most = setting, value
		}
	}
	return best, nil
}

// learn returns the model that learns from all rows by the best setting.
func (f fitting) learn(method, name string, settings []float64, fit fitter) (*Model, error) {
	setting, err := f.best(settings, fit)
	if err != nil {
		return nil, err
	}
	all := make([]int, len(f.rows))
	for i := range all {
		all[i] = i
	}
	answer, err := fit(all, setting, exact)
	return &Model{fmt.Sprintf("%s (%s %g)", method, name, setting), answer}, err
}

func (f fitting) labels() (*Model, error) {
	class := make([]int, len(f.rows))
	for i, r := range f.rows {
		class[i] = r.Ref.Label
	}
	if slices.Min(class) == slices.Max(class) {
		return nil, nil
	}
	return f.learn("TF-IDF and logistic regression", "C", labelSettings,
		func(rows []int, c, tolerance float64) (func([]Row) []string, error) {
			v := learnVectors(joinedTexts(f.pick(rows)))
			l, err := f.classify(v.joined(f.pick(rows)), picked(class, rows), len(f.spec.Labels), c, tolerance)
			return func(rows []Row) []string {
				answers := make([]string, len(rows))
				for i, k := range l.classes(v.joined(rows)) {
					answers[i] = f.spec.Labels[k].Text
				}
				return answers
			}, err
		})
}

func joinedTexts(rows []Row) []string {
	texts := make([]string, len(rows))
	for i, r := range rows {
		texts[i] = strings.Join(r.Texts, separator)
	}
	return texts
}

func picked[E any](of []E, index []int) []E {
	list := make([]E, len(index))
	for k, i := range index {
		list[k] = of[i]
	}
	return list
}

// classify fits a logistic regression.
func (f fitting) classify(x *matrix, class []int, classes int, c, tolerance float64) (*linear, error) {
	of := crossEntropy(class)
	if classes == 2 {
		of, classes = logistic(class), 1
	}
	l := &linear{make([]float32, (x.columns+1)*classes), classes, f.threads}
	return l, l.fit(f.ctx, x, of, 1/(c*float64(x.rows())), tolerance)
}

// classes returns the most probable class of each row.
func (l *linear) classes(x *matrix) []int {
	scores, found := l.scores(x), make([]int, x.rows())
	for i := range found {
		row := scores[i*l.outputs : (i+1)*l.outputs]
		found[i] = slices.Index(row, slices.Max(row))
		if l.outputs == 1 && row[0] > 0 {
			found[i] = 1
		}
	}
	return found
}

func (f fitting) numbers() (*Model, error) {
	return f.learn("TF-IDF and ridge regression", "alpha", numberSettings,
		func(rows []int, alpha, tolerance float64) (func([]Row) []string, error) {
			train := f.pick(rows)
			var texts []string
			mean, square := 0.0, 0.0
			for _, r := range train {
				texts = append(texts, r.Texts...)
				mean += r.Ref.Number / float64(len(train))
			}
			for _, r := range train {
				square += (r.Ref.Number - mean) * (r.Ref.Number - mean) / float64(len(train))
			}
			spread := math.Sqrt(square)
			if spread == 0 {
				spread = 1
			}
			target := make([]float64, len(train))
			for i, r := range train {
				target[i] = (r.Ref.Number - mean) / spread
			}
			v := learnVectors(texts)
			x := v.apart(train)
			l := &linear{make([]float32, x.columns+1), 1, f.threads}
			err := l.fit(f.ctx, x, squared(target), alpha/float64(x.rows()), tolerance)
			return func(rows []Row) []string {
				answers := make([]string, len(rows))
				for i, y := range l.scores(v.apart(rows)) {
					answers[i] = strconv.FormatFloat(float64(y)*spread+mean, 'g', -1, 64)
				}
				return answers
			}, err
		})
}
