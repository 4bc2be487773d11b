package infer

import (
	"testing"

	"t5train/data/table"
	"t5train/data/task"
)

func TestIsIdentifier(t *testing.T) {
	for _, name := range []string{"id", "Unnamed: 0", "Unnamed: 0.1", "__index_level_0__", "index", "level_0",
		"doc_uuid",
		"tweetId", "sha256", "meta.id"} {
		if !IsIdentifier(name) {
			t.Errorf("%s is none", name)
		}
	}
	for _, name := range []string{"text", "grid", "unnamed", "valid", "paid", "level", "VALID"} {
		if IsIdentifier(name) {
			t.Errorf("%s is one", name)
		}
	}
}

func TestAreIdentifiers(t *testing.T) {
	for _, c := range []struct {
		column string
		values []string
		want   bool
	}{
		{"n", []string{"0", "1", "2"}, true},
		{"n", []string{"7", "1001", "3"}, true},
		{"n", []string{"0", "1", "0"}, false},
		{"n", []string{"0", "1"}, false},
		{"text", []string{"0", "1", "2"}, false},
		{"n", []string{"a", "b", "c"}, false},
		{"n", []string{"0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7",
			"d41d8cd98f00b204e9800998ecf8427e"}, true},
	} {
		if got := AreIdentifiers(c.column, c.values); got != c.want {
			t.Errorf("%s, %q: %v", c.column, c.values, got)
		}
	}
}

// TestIdentifiersAreNoText takes them only where they are asked for.
func TestIdentifiersAreNoText(t *testing.T) {
	columns := []table.Column{
		{Name: "n", Type: table.TypeString}, {Name: "Unnamed: 0", Type: table.TypeString},
		{Name: "words", Type: table.TypeString}, {Name: "label", Type: table.TypeInt, ClassLabels: []string{"a", "b"}},
	}
	d := Data{Columns: columns, Identifiers: []string{"n"}}
	o := task.Spec{Name: task.Classification}
	spec, _, err := Task(d, o)
	if err != nil || len(spec.TextColumns) != 1 || spec.TextColumns[0] != "words" {
		t.Fatalf("texts %q, error %v", spec.TextColumns, err)
	}
	o.TextColumns = []string{"n"}
	if spec, _, err = Task(d, o); err != nil || spec.TextColumns[0] != "n" {
		t.Fatalf("texts %q, error %v", spec.TextColumns, err)
	}
}
