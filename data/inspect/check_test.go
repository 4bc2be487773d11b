package inspect

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"t5train/data/importer"
)

// shown is a report in short: kind, split, detail, count, and the instances by file and row.
func shown(r *Report) string {
	var lines []string
	for _, f := range r.Findings {
		mark := map[bool]string{true: "!", false: ""}[f.Error]
		line := fmt.Sprintf("%s%s %s", mark, f.Kind, f.Split)
		if f.Detail != "" {
			line += " (" + f.Detail + ")"
		}
		line += fmt.Sprintf(" %d:", f.Count)
		for _, at := range f.Instances {
			line += fmt.Sprintf(" %s:%d", strings.TrimSuffix(filepath.Base(at.File), ".parquet"), at.Row)
			if at.Other != nil {
				line += fmt.Sprintf("=%s:%d", strings.TrimSuffix(filepath.Base(at.Other.File), ".parquet"),
					at.Other.Row)
			}
			if at.Text != "" {
				line += fmt.Sprintf("[%s]", at.Text)
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestCheck(t *testing.T) {
	plain := []row{{"one", 0}, {"two", 1}, {"three", 2}}
	squad := []importer.Column{{Path: []string{"context"}, Type: importer.String},
		{Path: []string{"answers", "text"}, Type: importer.String, List: true},
		{Path: []string{"answers", "answer_start"}, Type: importer.Int32, List: true}}
	pair := []importer.Column{{Path: []string{"a"}, Type: importer.String},
		{Path: []string{"b"}, Type: importer.String}}
	numbered := []importer.Column{{Path: []string{"text"}, Type: importer.String},
		{Path: []string{"label"}, Type: importer.Int64}}
	named := []importer.Column{{Path: []string{"text"}, Type: importer.String},
		{Path: []string{"label"}, Type: importer.String}}
	scores := []importer.Column{{Path: []string{"text"}, Type: importer.String},
		{Path: []string{"score"}, Type: importer.Float64}}
	labelled := Roles{Texts: []string{"text"}, Labels: []string{"label"}}
	for _, c := range []struct {
		name        string
		columns     []importer.Column
		roles       Roles
		train, held []row
		want        string
	}{
		{"nothing", nil, Roles{}, plain, []row{{"four", 0}}, ""},
		{"a leak", nil, Roles{}, plain, []row{{"x", 0}, {"two", 1}}, "!leak held (train) 1: held:1=train:1[two]"},
		{"a leak but for case and space", nil, Roles{}, plain, []row{{" TWO\n", 1}},
			"!leak_normalised held (train) 1: held:0=train:1[TWO]"},
		{"both", nil, Roles{}, []row{{"Two", 1}, {"two", 1}, {"x", 0}}, []row{{"two", 1}},
			"!leak held (train) 1: held:0=train:1[two]\nduplicate_normalised train 1: train:1=train:0[two]"},
		{"a leak but for case that is there twice", nil, Roles{}, []row{{"Two", 1}, {"three", 0}},
			[]row{{"two", 1}, {"two", 1},
				{"x", 0}}, "!leak_normalised held (train) 2: held:0=train:0[two] held:1=train:0[two]"},
		{"twice in a split", nil, Roles{}, append(plain, row{"one", 0}, row{"one", 0}), nil,
			"duplicate train 2: train:3=train:0[one] train:4=train:0[one]"},
		{"twice in what is held out", nil, Roles{}, plain, []row{{"x", 0}, {"x", 0}, {"y", 1}},
			"duplicate held 1: held:1=held:0[x]"},
		{"more instances than are named", nil, Roles{}, append(plain, row{"one", 0}, row{"one", 0}, row{"two", 1}), nil,
			"duplicate train 3: train:3=train:0[one] train:4=train:0[one]"},
		{"another label", nil, Roles{}, append(plain, row{"one", 1}), nil,
			"duplicate train 1: train:3=train:0[one]\nconflicting_labels train 1: train:3=train:0[spam here and ham " +
				"there: one]"},
		{"a label of no class", nil, Roles{}, append(plain, row{"x", 3}, row{"y", -2}), nil,
			"!label_range train (column label, classes 0 to 2) 2: train:3[3] train:4[-2]"},
		{"no label", nil, Roles{}, append(plain, row{"x", nil}, row{"y", -1}), nil,
			"!no_label train (column label) 2: train:3[null] train:4[-1]"},
		{"no label beside one", nil, Roles{}, []row{{"x", nil}, {"x", 0}, {"x", -1}, {"x", 3}}, nil,
			"!no_label train (column label) 2: train:0[null] train:2[-1]\n!label_range train (column label, classes " +
				"0 to 2) 1: train:3[3]\nduplicate train 3: train:1=train:0[x] train:2=train:0[x]"},
		{"a label that train lacks", nil, Roles{}, plain[:2], []row{{"x", 2}, {"y", 2}, {"z", 0}},
			"untrained_label held (column label, not in train) 1: held:0[other]"},
		{"one label", nil, Roles{}, plain[:2], []row{{"x", 1}, {"y", 1}},
			"one_label held (column label) 2: held:0[spam]"},
		{"hidden labels", nil, Roles{}, plain[:2], []row{{"x", -1}, {"y", nil}},
			"!hidden_labels held (column label) 2: held:0"},
		{"hidden labels without names", numbered, labelled, []row{{"x", -1}, {"y", -1}}, nil,
			"!hidden_labels train (column label) 2: train:0"},
		{"-1 among others", numbered, labelled, []row{{"x", -1}, {"y", 0}}, nil, ""},
		{"labels that cannot be written", named, labelled, []row{{"x", "ja"}, {"y", "früh"}, {"z", "früh"}}, nil,
			"label_text train (column label) 1: train:1[\"früh\" comes back as \"früh\"]"},
		{"targets that come back changed", pair, Roles{Texts: []string{"a"}, Targets: []string{"b"}},
			[]row{{"x  x", "1\n2"}, {"y", "1"}, {"z", "\t3"}}, nil,
			"target_white_space train (column b) 2: train:0[\"1\\n2\" comes back as \"1 2\"] train:2[\"\\t3\" comes " +
				"back as \"3\"]"},
		{"numbers", scores, Roles{Texts: []string{"text"}}, []row{{"x", 0.001}, {"y", 0.04}, {"z", 0.02}}, nil, ""},
		{"numbers that are all the same", scores, Roles{Texts: []string{"text"}}, []row{{"x", 3.0}, {"y", 3.0}}, nil,
			"rounding train (column score) 2: train:0[all 2 numbers are 3: there is nothing to learn but that one " +
				"answer: use rows with other numbers, or choose another label column]"},
		{"numbers too small for any step", scores, Roles{Texts: []string{"text"}},
			[]row{{"x", 1e-9}, {"y", 2e-9}, {"z", nil}}, nil,
			"!no_label train (column score) 1: train:2[null]\nrounding train (column score) 2: train:0[round_to " +
				"1e-06 is too large: 2 different numbers from 1e-09 to 2e-09 all become the target 0.000000: scale " +
				"the numbers up in the data]"},
		{"no text", nil, Roles{}, append(plain, row{" ", 0}, row{nil, 1}), nil,
			"empty_text train (column text) 2: train:3 train:4"},
		{"unknown characters", nil, Roles{}, append(plain, row{"naïve x naïve é", 0}), nil,
			"unknown_characters train (column text) 1: train:3['ï' 'é']"},
		{"a long text", nil, Roles{}, append(plain, row{"1 2 3 4", 0}, row{"1 2 3 4 5", 0}), nil,
			"cut_text train (column text, limit 5) 1: train:4[6 tokens]"},
		{"targets", pair, Roles{Texts: []string{"a"}, Targets: []string{"b"}},
			[]row{{"x", "1 2"}, {"y", "1 2 3"}, {"z", ""}}, []row{{"x", "9"}},
			"!leak held (train) 1: held:0=train:0[x]\nempty_target train (column b) 1: train:2\ncut_target train " +
				"(column b, limit 3) 1: train:1[4 tokens]"},
		{"pairs", pair, Roles{Texts: []string{"a", "b"}}, []row{{"x y", "z"}, {"x", "y z"}, {"x", nil}},
			[]row{{"x", "y  z"}, {"x", "z"}},
			"!leak_normalised held (train) 1: held:0=train:1[x | y z]\nempty_text train (column b) 1: train:2"},
		{"places of answers", squad, Roles{Texts: []string{"context"}, Targets: []string{"answers.text"}}, []row{
			{"Ä cat", []any{"cat", "Ä"}, []any{2, 0}}, {"one", []any{"one"}, []any{1}}, {"two", []any{"two"},
				[]any{-1}}, {"six", []any{"six"}, []any{4}},
			{"ten", []any{"ten"}, []any{}}, {"no", []any{"no"}, []any{nil}},
		}, nil, `answer_start train (column answers.answer_start) 5: train:1["one" is not at 1] train:2["two" is not at -1]` +
			"\nunknown_characters train (column context) 1: train:0['Ä']\n" +
			"unknown_characters train (column answers.text) 1: train:0['Ä']"},
		{"tags", []importer.Column{{Path: []string{"tokens"}, Type: importer.String, List: true},
			{Path: []string{"tags"}, Type: importer.Int64, List: true, Classes: []string{"O", "B"}}},
			Roles{Texts: []string{"tokens"}, Labels: []string{"tags"}}, []row{{[]any{"a", "b"}, []any{0, 1}},
				{[]any{"a", "b"}, []any{0, 0}}, {[]any{"c"}, []any{2}}}, nil,
			"!label_range train (column tags, classes 0 to 1) 1: train:2[2]\nduplicate train 1: train:1=train:0[a " +
				"b]\nconflicting_labels train 1: train:1=train:0[O O here and O B there: a b]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.columns == nil {
				c.columns, c.roles = textAndLabel, Roles{Texts: []string{"text"}, Labels: []string{"label"}}
			}
			splits := []Split{{"train", dataset(t, "train", c.columns, c.train...)}}
			if c.held != nil {
				splits = append(splits, Split{"held", dataset(t, "held", c.columns, c.held...)})
			}
			r, err := Check(context.Background(), splits, CheckOptions{Roles: c.roles, Measure: testMeasure,
				Examples: 2})
			if err != nil {
				t.Fatal(err)
			}
			if got := shown(r); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if got := r.Errors(); got != strings.Count(c.want, "!") {
				t.Errorf("%d errors", got)
			}
			for _, f := range r.Findings {
				if f.Message == string(f.Kind) || f.Remedy == "" {
					t.Errorf("%s is not explained", f.Kind)
				}
			}
		})
	}
}

func TestCheckClassNames(t *testing.T) {
	other := []importer.Column{textAndLabel[0], {Path: []string{"label"}, Type: importer.Int64,
		Classes: []string{"spam", "ham", "other"}}}
	splits := []Split{{"train", dataset(t, "train", textAndLabel, row{"x", 0})},
		{"held", dataset(t, "held", other, row{"y", 1})}}
	r, err := Check(context.Background(), splits,
		CheckOptions{Roles: Roles{Texts: []string{"text"}, Labels: []string{"label"}}, Measure: testMeasure,
			Examples: 2})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := shown(r), "!class_names held (column label) 1: held:0[spam, ham, other, but ham, spam, other in "+
		"train]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCheckWantsTheColumnsOfTrain(t *testing.T) {
	splits := []Split{{"train", dataset(t, "train", textAndLabel, row{"x", 0})},
		{"held", dataset(t, "held", textAndLabel[:1], row{"y"})}}
	_, err := Check(context.Background(), splits,
		CheckOptions{Roles: Roles{Texts: []string{"text"}, Labels: []string{"label"}}, Measure: testMeasure})
	if err == nil || !strings.Contains(err.Error(), `held.parquet has no column "label"`) {
		t.Errorf("got error %v", err)
	}
}

// A text that two held-out splits share as it is, and train in other letters, leaks twice.
func TestCheckThreeSplits(t *testing.T) {
	splits := []Split{{"train", dataset(t, "train", textAndLabel, row{"Two", 0})},
		{"held", dataset(t, "held", textAndLabel, row{"two", 0})}, {"test",
			dataset(t, "test", textAndLabel, row{"two", 0})}}
	r, err := Check(context.Background(), splits, CheckOptions{Roles: Roles{Texts: []string{"text"}},
		Measure: testMeasure, Examples: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := "!leak_normalised held (train) 1: held:0=train:0[two]\n!leak_normalised test (train) 1: " +
		"test:0=train:0[two]\n!leak test (held) 1: test:0=held:0[two]"
	if got := shown(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCheckNoRows(t *testing.T) {
	_, err := Check(context.Background(), []Split{{"held", dataset(t, "held", textAndLabel)}},
		CheckOptions{Roles: Roles{Texts: []string{"text"}}, Measure: testMeasure})
	if err == nil || !strings.Contains(err.Error(), "check held: its files have no rows") {
		t.Errorf("got %v", err)
	}
}
