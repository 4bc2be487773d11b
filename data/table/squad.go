package table

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"t5train/internal/clip"
)

// squadArticle is an element of "data", of version 1.1 and 2.
type squadArticle struct {
	Title      string `json:"title"`
	Paragraphs []struct {
		Context *string `json:"context"`
		QAs     []struct {
			ID       json.RawMessage `json:"id"` // a string, but for data sets that copy the form with numbers
			Question *string         `json:"question"`
			Answers  []squadAnswer   `json:"answers"` // none where the question has no answer, as version 2 has them
		} `json:"qas"`
	} `json:"paragraphs"`
}

type squadAnswer struct {
	Text  string `json:"text"`
	Start *int64 `json:"answer_start"` // in characters of the context
}

// readSQuAD makes a row of each question of the form of SQuAD (Rajpurkar et al. 2016 and 2018):
//
//	{"version": "1.1", "data": [{"title": "...", "paragraphs": [{"context": "...", "qas": [
//	    {"id": "...", "question": "...", "answers": [{"text": "...", "answer_start": 12}]}]}]}]}
//
// It holds an article at a time. The columns are those of datasets' squad.
func readSQuAD(t *text, _ ReadOptions, yield yield) error {
	d := json.NewDecoder(t)
	err := squadObject(d, func() error {
		line := t.row(begin(d))
		var article squadArticle
		if err := d.Decode(&article); err != nil {
			return err
		}
		return article.rows(line, yield)
	})
	return squadError(t, d, err)
}

// begin returns the offset of the next value, which d.More has seen.
func begin(d *json.Decoder) int64 {
	offset := d.InputOffset()
	ahead := bufio.NewReader(d.Buffered())
	for {
		c, err := ahead.ReadByte()
		if err != nil || !strings.ContainsRune(" \t\r\n,", rune(c)) {
			return offset
		}
		offset++
	}
}

// squadError adds the line to what the decoder says; errors of the text, of rows and of yield are as they are.
func squadError(t *text, d *json.Decoder, err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		err = shape("%s is a JSON %s, want %s", wrongType.Field, wrongType.Value, wrongType.Type)
	}
	if err == nil {
		return nil
	}
	return inText(t.row(d.InputOffset()), err)
}

// squadObject calls article at each element of "data", and passes over other keys.
func squadObject(d *json.Decoder, article func() error) error {
	if err := wantToken(d, json.Delim('{')); err != nil {
		return err
	}
	found := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if key != "data" {
			var other json.RawMessage
			if err := d.Decode(&other); err != nil {
				return err
			}
			continue
		}
		if err := wantToken(d, json.Delim('[')); err != nil {
			return err
		}
		for found = true; d.More(); {
			if err := article(); err != nil {
				return err
			}
		}
		if err := wantToken(d, json.Delim(']')); err != nil {
			return err
		}
	}
	if err := wantToken(d, json.Delim('}')); err != nil {
		return err
	}
	if !found {
		return shape(`there is no key "data", want SQuAD's {"data": [...]}`)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return shape("more text behind the object")
	}
	return nil
}

func wantToken(d *json.Decoder, want json.Delim) error {
	token, err := d.Token()
	if err == nil && token != want {
		err = shape(`got %s, want SQuAD's {"data": [...]}`, kindOf(token))
	}
	return err
}

// rows calls yield for each question of the article that begins on a line.
func (a *squadArticle) rows(line int, yield yield) error {
	for _, p := range a.Paragraphs {
		if p.Context == nil {
			return onLine(line, fmt.Errorf("a paragraph of article %q has no context", clip.Text(a.Title, 40)))
		}
		for _, qa := range p.QAs {
			var id string
			if json.Unmarshal(qa.ID, &id) != nil {
				id = string(qa.ID)
			}
			if qa.Question == nil {
				return onLine(line, fmt.Errorf("question %s of article %q has no text", id, clip.Text(a.Title, 40)))
			}
			texts := Cell{Kind: List}
			starts := Cell{Kind: List}
			for _, answer := range qa.Answers {
				start := Cell{}
				if answer.Start != nil {
					start = Cell{Kind: Int, Int: *answer.Start}
				}
				texts.Items, starts.Items = append(texts.Items, stringCell(answer.Text)), append(starts.Items, start)
			}
			row := Row{line, []Field{
				{[]string{"id"}, stringCell(id)}, {[]string{"title"}, stringCell(a.Title)},
				{[]string{"context"}, stringCell(*p.Context)}, {[]string{"question"}, stringCell(*qa.Question)},
				{[]string{"answers", "text"}, texts}, {[]string{"answers", "answer_start"}, starts},
			}}
			if err := yield(row); err != nil {
				return err
			}
		}
	}
	return nil
}
