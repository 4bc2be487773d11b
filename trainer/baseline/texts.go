package baseline

import (
	"math"
	"regexp"
	"strings"
)

var sentenceEnd = regexp.MustCompile(`[.!?]\s+|\n+`)

func sentences(text string) (list []string) {
	text = strings.TrimSpace(text)
	for from := 0; from < len(text); {
		end := len(text)
		if at := sentenceEnd.FindStringIndex(text[from:]); at != nil {
			end = from + at[1]
		}
		list, from = append(list, strings.TrimSpace(text[from:end])), end
	}
	return list
}

// last returns the last column of a row, which the others ask about.
func last(r Row) string { return r.Texts[len(r.Texts)-1] }

// copiers are the ways to answer with a part of the input.
var copiers = []struct {
	method string
	answer func(Row) string
}{
	{"the input itself", last},
	{"the first sentence", func(r Row) string { return firstSentences(r, 1) }},
	{"the first two sentences", func(r Row) string { return firstSentences(r, 2) }},
	{"the first three sentences", func(r Row) string { return firstSentences(r, 3) }},
	{"the sentence with most words of the question", nearestSentence},
}

func firstSentences(r Row, n int) string {
	list := sentences(last(r))
	return strings.Join(list[:min(n, len(list))], " ")
}

func nearestSentence(r Row) string {
	asked := map[string]bool{}
	for _, text := range r.Texts[:len(r.Texts)-1] {
		for _, w := range wordsOf(text) {
			asked[w] = true
		}
	}
	best, most := "", -1
	for _, s := range sentences(last(r)) {
		n := 0
		for _, w := range wordsOf(s) {
			if asked[w] {
				n++
			}
		}
		if n > most {
			best, most = s, n
		}
	}
	return best
}

// judged is the number of rows that choose a copier.
const judged = 1000

func (f fitting) texts() (*Model, error) {
	if len(f.rows[0].Texts) == 0 {
		return nil, nil
	}
	rows := f.rows[:min(judged, len(f.rows))]
	var best *Model
	most := math.Inf(-1)
	for _, c := range copiers {
		m := &Model{c.method, func(rows []Row) []string {
			answers := make([]string, len(rows))
			for i, r := range rows {
				answers[i] = c.answer(r)
			}
			return answers
		}}
		value, err := f.score(m.answer(rows), rows)
		if err != nil {
			return nil, err
		}
		if value > most {
			best, most = m, value
		}
	}
	return best, nil
}
