package data

import (
	"context"
	"testing"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/data/tokenizer"
)

// cells is a table in memory.
type cells [][]table.Cell

func (c cells) Rows() int64                      { return int64(len(c)) }
func (c cells) Locate(row int64) (string, int64) { return "cells", row }

func (c cells) Scan(_ context.Context, _ []string, yield func(int64, []table.Cell) error) error {
	for i, row := range c {
		if err := yield(int64(i), row); err != nil {
			return err
		}
	}
	return nil
}

func cellOf(s string) table.Cell { return table.Cell{Kind: table.String, Str: s} }

func list(items ...string) table.Cell {
	c := table.Cell{Kind: table.List}
	for _, item := range items {
		c.Items = append(c.Items, cellOf(item))
	}
	return c
}

// TestTextCounts counts over several threads, whose first example is that of the first row.
func TestTextCounts(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	spec := task.Spec{Name: task.Seq2Seq, TextColumns: []string{"a"}, TargetColumn: "b"}
	rows := cells{
		{cellOf("fine"), cellOf("fine")}, {cellOf(" "), cellOf("{1}")}, {cellOf("x"), cellOf("{2}")}, {cellOf("☃"),
			cellOf("a\nb")}, {cellOf("y"), cellOf("")}, {cellOf("z"), cellOf("…")},
		{cellOf("z"), cellOf("</s>")}, {cellOf("z"), cellOf("fine")},
	}
	for _, threads := range []int{1, 3} {
		for _, use := range []Use{ForTraining, HeldOut} {
			e, err := Build(context.Background(), rows, spec, use, tok, Limits{20, 3}, threads, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := TextCounts{BlankInputs: 1, BlankTargets: 1, UnknownInputs: 1}
			want.Lost[tokenizer.Unknown] = TextExample{2, "{1}", "1"}
			want.Lost[tokenizer.WhiteSpace] = TextExample{1, "a\nb", "a b"}
			want.Lost[tokenizer.Normalized] = TextExample{1, "…", "..."}
			want.Lost[tokenizer.SpecialToken] = TextExample{1, "</s>", ""}
			// the unknown token beside it leaves a blank or none
			want.Lost[tokenizer.Unknown].Decoded = e.Texts.Lost[tokenizer.Unknown].Decoded
			if e.Texts != want || e.Texts.Intact() {
				t.Errorf("%d threads: got %+v, want %+v", threads, e.Texts, want)
			}
		}
	}
}

// An entity whose text holds the mark of a type is read as two.
func TestUnreadEntities(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	spec := task.Spec{
		Name: task.NER, TextColumns: []string{"tokens"}, LabelColumn: "tags",
		Entities: []task.Label{{Name: "person", Text: "person"}, {Name: "work", Text: "work"}},
	}
	rows := cells{
		{list("Ann", "sings"), list("B-person", "O")},
		{list("Me", ";", "person:", "you"), list("B-work", "I-work", "I-work", "I-work")},
		{list("May", "I", "see", "May"), list("O", "O", "O", "B-person")},
	}
	for _, use := range []Use{ForTraining, HeldOut} {
		e, err := Build(context.Background(), rows, spec, use, tok, Limits{20, 20}, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if u := e.Texts.Unread; u.Count != 2 || u.Text != "work: Me ; person: you" || e.Len() != 3 {
			t.Errorf("got %+v of %d, want the second and the third row", u, e.Len())
		}
	}
}
