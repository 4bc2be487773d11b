package task

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"t5train/data/table"
)

// TestValidSpecsTakeAnyRow: t5train.json may be written by hand or damaged. What Validate lets through must make an
// example or an error of any row, and never a panic.
func TestValidSpecsTakeAnyRow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	some := func(of ...string) []string {
		return of[:random.IntN(len(of)+1)]
	}
	two := []Label{{"a", "x", "0"}, {"b", "y", "1"}}
	labels := func() []Label { return two[:random.IntN(3)] }
	text := func() string {
		return one("", "he", "it .", "The fish ate the worm. It was tasty.", "The worm was tasty.", "0", "1", "O",
			"B-a", "\xff")
	}
	var cell func(depth int) table.Cell
	cell = func(depth int) table.Cell {
		c := table.Cell{Kind: table.Kind(random.IntN(int(table.List) + 1)), Bool: random.IntN(2) == 0,
			Int: int64(random.IntN(5) - 1), Float: random.NormFloat64(), Str: text()}
		if c.Kind == table.List && depth < 2 {
			for range random.IntN(3) {
				c.Items = append(c.Items, cell(depth+1))
			}
		}
		return c
	}
	made := map[Kind]int{}
	for range 30_000 {
		s := Spec{
			Name: one(General()...), Prefix: new(one("", "p: ")), TextColumns: some("a", "b", "c"), Template: one("",
				"", "", "{a}", "{a} {b}"),
			LabelColumn: one("", "l", "a"), TargetColumn: one("", "t", "t", "a"), TargetTemplate: one("", "", "", "{t}",
				"{a} {u}"), GroupColumns: some("a", "g"),
			Labels: labels(), Entities: labels(), Tags: some("O", "B-a", "C"), RoundTo: new(0.5),
			Rule: Rule(one("", "", string(SQuAD), string(CB), string(MultiRC), string(ReCoRD), string(WSC), string(DPR),
				string(WNLI))),
		}
		if s.Validate() != nil {
			continue
		}
		func() {
			var cells []table.Cell
			defer func() {
				if r := recover(); r != nil {
					written, _ := json.Marshal(s)
					t.Fatalf("%s and %v: %v", written, cells, r)
				}
			}()
			for range 5 {
				cells = nil
				for range s.Columns() {
					cells = append(cells, cell(0))
				}
				_, _ = s.Train(cells)
				if _, _, err := s.HeldOut(cells); err == nil {
					made[s.Kind()]++
				}
			}
		}()
	}
	for _, kind := range []Kind{Texts, Labels, Numbers, Entities, Referents} {
		if made[kind] == 0 {
			t.Errorf("no row of kind %d became an example: the test tests nothing of it", kind)
		}
	}
}

func TestValidate_RuleAndName(t *testing.T) {
	three := []string{"a", "b", "c"}
	for name, s := range map[string]Spec{
		`name is "classification", want seq2seq for the rule wsc`: {Name: Classification, Rule: WSC, TextColumns: three,
			LabelColumn: "l", Labels: []Label{{"a", "x", "0"}, {"b", "y", "1"}}},
		`name is "regression", want seq2seq for the rule record`: {Name: Regression, Rule: ReCoRD, TextColumns: three,
			LabelColumn: "l", RoundTo: new(1.0)},
		"a target template, want none for the rule dpr": {Name: Seq2Seq, Rule: DPR, TextColumns: three[:2],
			LabelColumn: "l", TargetTemplate: "{t}"},
	} {
		wantError(t, s.Validate(), name)
	}
}
