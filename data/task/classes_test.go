package task

import (
	"testing"

	"t5train/data/table"
)

func TestWithClasses(t *testing.T) {
	column := func(classes ...string) []table.Column {
		return []table.Column{{Name: "label", Type: table.TypeInt, ClassLabels: classes}}
	}
	for _, c := range []struct {
		name    string
		columns []table.Column
		want    []int // number of the label that the file's classes 0, 1, ... are
	}{
		{"the same", column("ham", "spam"), []int{0, 1}},
		{"another order", column("spam", "ham"), []int{1, 0}},
		{"a class less", column("spam"), []int{1}},
		{"no names", column(), []int{0, 1}},
		{"no such column", nil, []int{0, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := spam().WithClasses(c.columns)
			if err != nil {
				t.Fatal(err)
			}
			for class, want := range c.want {
				if got, err := s.label(num(int64(class))); err != nil || got != want {
					t.Errorf("class %d is label %d, %v, want %d", class, got, err, want)
				}
			}
			if spam().Labels[1].Value != "1" {
				t.Error("the task itself has changed")
			}
		})
	}
	_, err := spam().WithClasses(column("positive", "negative"))
	wantError(t, err, "label column label has the classes positive, negative", "the labels ham, spam", "strings")

	numbers := spam()
	numbers.Labels = []Label{{"0", "0", "0"}, {"1", "yes", "1"}}
	for _, c := range []struct {
		classes []string
		first   int
	}{{[]string{"ham", "spam"}, 0}, {[]string{"1", "0"}, 1}} {
		s, err := numbers.WithClasses(column(c.classes...))
		if err != nil {
			t.Errorf("numbers that a file names %v: %v", c.classes, err)
		}
		if got, err := s.label(num(0)); got != c.first || err != nil {
			t.Errorf("class 0 of %v is label %d, %v, want %d", c.classes, got, err, c.first)
		}
	}

	ner := Spec{Name: NER, LabelColumn: "label", Tags: []string{"O", "B-PER"}}
	if s, err := ner.WithClasses(column("B-PER", "O")); err != nil || s.Tags[0] != "B-PER" {
		t.Errorf("tags %q, %v: want those of the file", s.Tags, err)
	}
}
