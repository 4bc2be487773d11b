package baseline

import (
	"fmt"
	"regexp"
	"strings"

	"t5train/data/table"
	"t5train/data/task"
)

var (
	lowerCase = regexp.MustCompile(`\p{Ll}`)
	upperCase = regexp.MustCompile(`\p{Lu}`)
	digit     = regexp.MustCompile(`\d`)
)

// shapeOf returns what a word looks like, where the same follows itself at most once: Xxx for London, 00-00 for
// 10-2000.
func shapeOf(word string) string {
	word = upperCase.ReplaceAllString(lowerCase.ReplaceAllString(digit.ReplaceAllString(word, "0"), "x"), "X")
	var b strings.Builder
	var last, before rune
	for _, r := range word {
		if r != last || r != before {
			b.WriteRune(r)
		}
		last, before = r, last
	}
	return b.String()
}

// features calls yield for what is known of token i.
func features(tokens []string, i int, yield func(string)) {
	for at := -2; at <= 2; at++ {
		word := "<none>"
		if i+at >= 0 && i+at < len(tokens) {
			word = tokens[i+at]
		}
		yield(fmt.Sprintf("word%d=%s", at, strings.ToLower(word)))
		yield(fmt.Sprintf("shape%d=%s", at, shapeOf(word)))
	}
	word := []rune(strings.ToLower(tokens[i]))
	yield("start=" + string(word[:min(3, len(word))]))
	yield("end=" + string(word[max(0, len(word)-3):]))
}

// indicators numbers features; those that it does not know are left out.
type indicators map[string]int

func (ids indicators) rows(rows []Row) *matrix {
	m := &matrix{columns: len(ids)}
	for _, r := range rows {
		for i := range r.Ref.Tokens {
			features(r.Ref.Tokens, i, func(name string) {
				if id, there := ids[name]; there {
					m.add(id, 1)
				}
			})
			m.end()
		}
	}
	return m
}

func (f fitting) entities() (*Model, error) {
	numbers, tags := map[string]int{table.Outside: 0}, []string{table.Outside}
	for _, r := range f.rows {
		for _, tag := range r.Ref.Tags {
			if _, there := numbers[tag]; !there {
				numbers[tag] = len(tags)
				tags = append(tags, tag)
			}
		}
	}
	if len(tags) == 1 {
		return nil, nil
	}
	return f.learn("logistic regression over words and their neighbours", "C", entitySettings,
		func(rows []int, c, tolerance float64) (func([]Row) []string, error) {
			train, ids := f.pick(rows), indicators{}
			var class []int
			for _, r := range train {
				for i, tag := range r.Ref.Tags {
					class = append(class, numbers[tag])
					features(r.Ref.Tokens, i, func(name string) {
						if _, there := ids[name]; !there {
							ids[name] = len(ids)
						}
					})
				}
			}
			if len(class) == 0 {
				return func(rows []Row) []string { return repeated(task.NoEntities, len(rows)) }, nil
			}
			l, err := f.classify(ids.rows(train), class, len(tags), c, tolerance)
			return func(rows []Row) []string {
				classes, answers := l.classes(ids.rows(rows)), repeated(task.NoEntities, len(rows))
				for i, r := range rows {
					found := picked(tags, classes[:len(r.Ref.Tokens)])
					classes = classes[len(found):]
					if text, err := f.spec.WriteTags(r.Ref.Tokens, found); err == nil { // all are tags of the task
						answers[i] = text
					}
				}
				return answers
			}, err
		})
}

func repeated(text string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = text
	}
	return list
}
