package inspect

import (
	"fmt"
	"strings"
	"testing"

	"t5train/data/table"
)

// columnsOf reads "name type, ...", where [] in front of a type makes a list, and a type of names with a slash a
// ClassLabel.
func columnsOf(text string) []table.Column {
	var columns []table.Column
	for _, entry := range strings.Split(text, ", ") {
		name, kind, _ := strings.Cut(entry, " ")
		c := table.Column{Name: name, Type: kind}
		if rest, ok := strings.CutPrefix(kind, "[]"); ok {
			c.Type, c.Lists = rest, 1
		}
		if strings.Contains(c.Type, "/") {
			c.Type, c.ClassLabels = table.TypeInt, strings.Split(c.Type, "/")
		}
		columns = append(columns, c)
	}
	return columns
}

func TestFindRoles(t *testing.T) {
	for _, c := range []struct {
		name, columns string
		asked         Roles
		want          string // texts, targets, labels
		err           string
	}{
		{"classification", "idx int, sentence string, label a/b", Roles{}, "[sentence] [] [label]", ""},
		{"labels without names", "text string, Label string", Roles{}, "[text] [] [Label]", ""},
		{"names that are no UTF-8", `a string, caf\xe9 string`, Roles{Texts: []string{"caf\xe9"}}, `[caf\xe9] [] []`,
			""},
		{"numbers", "a string, b string, label float", Roles{}, "[a b] [] []", ""},
		{"entities", "id string, tokens []string, ner_tags []O/B", Roles{}, "[tokens] [] [ner_tags]", ""},
		{"translation", "id string, translation.en string, translation.de string", Roles{},
			"[translation.en translation.de] [] []", ""},
		{"translation, one way", "en string, de string", Roles{Targets: []string{"de"}}, "[en] [de] []", ""},
		{"questions", "id string, title string, context string, question string, answers.text []string, " +
			"answers.answer_start []int", Roles{}, "[title context question] [answers.text] []", ""},
		{"answers", "question string, Answers []string, response string", Roles{}, "[question] [Answers response] []",
			""},
		{"summaries", "document string, summary string, when timestamp", Roles{}, "[document] [summary] []", ""},
		{"a text that is asked for", "a string, b string, l x/y", Roles{Texts: []string{"b"}}, "[b] [] [l]", ""},
		{"a label that is asked for", "text string, kind string", Roles{Labels: []string{"kind"}}, "[text] [] [kind]",
			""},
		{"an identifier that is asked for", "id string, text string", Roles{Texts: []string{"id"}}, "[id] [] []", ""},
		{"no such column", "text string", Roles{Texts: []string{"b"}}, "",
			"there is no column b: the columns are text"},
		{"a number as text", "text string, n int", Roles{Texts: []string{"n"}}, "",
			"column n is of type int, want string"},
		{"a float as label", "text string, n float", Roles{Labels: []string{"n"}}, "",
			"column n is of type float, want string, int or bool"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := FindRoles(columnsOf(c.columns), c.asked)
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Errorf("got error %v, want %s", err, c.err)
				}
				return
			}
			if got := fmt.Sprint(r.Texts, r.Targets, r.Labels); err != nil || got != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
}
