package task

import "testing"

func TestEvidence(t *testing.T) {
	questions := Spec{Name: QuestionAnswering}
	const input = "question: who knows? context: Nobody know now. Ann did, and Bo, 5 of 15"
	for name, c := range map[string]struct {
		spec  Spec
		input string
		ref   Reference
		upTo  string // end of the evidence; empty: none is known
	}{
		"an answer": {questions, input, Reference{Texts: []string{"Ann"}},
			"question: who knows? context: Nobody know now. Ann"},
		"the nearest of two": {questions, input, Reference{Texts: []string{"Bo", "Ann did"}},
			"question: who knows? context: Nobody know now. Ann did"},
		"whole words first": {questions, input, Reference{Texts: []string{"5"}},
			"question: who knows? context: Nobody know now. Ann did, and Bo, 5"},
		"part of a word": {questions, input, Reference{Texts: []string{"bod"}},
			"question: who knows? context: Nobod"},
		"spaces at the ends": {questions, input, Reference{Texts: []string{" Bo "}},
			"question: who knows? context: Nobody know now. Ann did, and Bo"},
		"no spaces between": {questions, "質問: 誰 文脈: 東京都は日本の首都", Reference{Texts: []string{"日本"}},
			"質問: 誰 文脈: 東京都は日本"},
		"not in the text":      {questions, input, Reference{Texts: []string{"Carla"}}, ""},
		"yes stands by chance": {questions, "context: oh yes", Reference{Texts: []string{"yes"}}, ""},
		"no answer":            {questions, input, Reference{Texts: []string{Unanswerable}}, ""},
		"an empty one":         {questions, input, Reference{Texts: []string{" "}}, ""},
		"cloze": {Spec{Name: Seq2Seq, Rule: ReCoRD}, input, Reference{Texts: []string{"Bo"}},
			"question: who knows? context: Nobody know now. Ann did, and Bo"},
		"another task": {Spec{Name: Seq2Seq}, input, Reference{Texts: []string{"Ann"}}, ""},
		"entities": {Spec{Name: NER}, "Ann and Ann met Bo today",
			Reference{Tokens: []string{"Ann", "and", "Ann", "met", "Bo", "today"},
				Tags: []string{"B-p", "O", "B-p", "O", "O", "O"}}, "Ann and Ann"},
		"no entities": {Spec{Name: NER}, "Ann and", Reference{Tokens: []string{"Ann", "and"},
			Tags: []string{"O", "O"}}, ""},
		"tokens that are edited": {Spec{Name: NER}, "Ann", Reference{Tokens: []string{"Ann", "&"},
			Tags: []string{"B-p", "B-p"}}, ""},
	} {
		if got := c.spec.evidence(c.input, c.ref); got != len(c.upTo) {
			t.Errorf("%s: the evidence is %q, want %q", name, c.input[:got], c.upTo)
		}
	}
}
