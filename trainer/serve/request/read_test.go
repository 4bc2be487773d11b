package request

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

type inner struct {
	On   bool   `json:"on,omitempty"`
	Name string `json:"name"`
}

type shared struct {
	Text string `json:"text,omitempty"`
}

type everything struct {
	shared
	Count *int            `json:"count,omitempty" range:"1 to 9"`
	Size  int             `json:"size,omitempty"`
	Rate  *float64        `json:"rate,omitempty" range:"-0.5 to 2"`
	On    *bool           `json:"on,omitempty"`
	List  []string        `json:"list,omitempty"`
	Raw   json.RawMessage `json:"raw,omitempty"`
	Inner *inner          `json:"inner,omitempty"`
	Many  []inner         `json:"many,omitempty"`
	Texts Texts           `json:"texts,omitempty"`
}

func readAll(body string, lenient bool) (everything, error) {
	o, err := Parse([]byte(body))
	if err != nil {
		return everything{}, err
	}
	if lenient {
		o.Lenient()
	}
	e := everything{Size: 7}
	o.Read(&e, 2)
	return e, o.Finish()
}

func TestRead(t *testing.T) {
	got, err := readAll(`{"text": "a", "count": 9, "rate": -0.5, "on": false, "list": ["b"], "raw": {"c": 1},
		"inner": {"name": "d"}, "many": [{"name": "e", "on": true}, {"name": ""}], "texts": ["f"]}`, false)
	want := everything{shared{"a"}, new(9), 7, new(-0.5), new(false), []string{"b"}, json.RawMessage(`{"c": 1}`),
		&inner{Name: "d"}, []inner{{true, "e"}, {}}, Texts{[]string{"f"}, true}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got, err = readAll(`{}`, false); err != nil || !reflect.DeepEqual(got, everything{Size: 7}) {
		t.Errorf("of nothing: %+v, %v", got, err)
	}
	got, err = readAll(`{"count": null, "more": [], "texts": "g", "inner": {"name": "h", "other": 1}}`, true)
	if want := (everything{Size: 7, Texts: Texts{[]string{"g"}, false}, Inner: &inner{Name: "h"}}); err != nil ||
		!reflect.DeepEqual(got, want) {
		t.Errorf("leniently: %+v, %v, want %+v", got, err, want)
	}
}

func TestReadRefuses(t *testing.T) {
	for body, want := range map[string]string{
		`{"count": 10}`:                "count: count is 10, want 1 to 9",
		`{"count": 1.5}`:               "count: count is 1.5, want an integer",
		`{"rate": 3}`:                  "rate: rate is 3, want -0.5 to 2",
		`{"on": "true"}`:               `on: on is "true", want true or false`,
		`{"list": ["a", "b", "c"]}`:    "list: list has more than 2 elements",
		`{"inner": []}`:                "inner: inner is [], want an object",
		`{"inner": {}}`:                `inner: inner: the field "name" is missing`,
		`{"inner": {"name": 3}}`:       "inner.name: inner: name is 3, want a text",
		`{"many": [{"name": "a"}, 1]}`: "many[1]: many[1] is 1, want an object",
		`{"many": [{"nam": "a"}]}`:     `many[0]: many[0]: unknown field "nam": did you mean "name"?`,
		`{"texts": 1}`:                 "texts: texts is 1, want a text in quotes, or a list",
		`{"texts": [1]}`:               "texts[0]: texts[0] is 1",
		`{"txt": "a"}`:                 `: unknown field "txt": did you mean "text"?`,
	} {
		_, err := readAll(body, false)
		var p *Problem
		if !errors.As(err, &p) || !strings.HasPrefix(p.Field+": "+p.Message, want) {
			t.Errorf("%s: %v of field %q, want %s", body, err, p.Field, want)
		}
	}
}

// A form has texts, which are read as what is wanted.
func TestForm(t *testing.T) {
	o, err := ParseForm([]byte("text=a+b%26&count=3&on=true&texts=%5Bx&rate=1e0"))
	if err != nil {
		t.Fatal(err)
	}
	var e everything
	o.Read(&e, 2)
	want := everything{shared: shared{"a b&"}, Count: new(3), On: new(true), Texts: Texts{List: []string{"[x"}},
		Rate: new(1.0)}
	if err := o.Finish(); err != nil || !reflect.DeepEqual(e, want) {
		t.Errorf("got %+v, %v, want %+v", e, err, want)
	}
	for body, want := range map[string]string{"a=%zz": "not a form", "a=1&a=2": "twice", "a=%ff": "UTF-8",
		"%ff=a":   "UTF-8",
		"count=x": "want an integer", "on=yes": "want true or false", "b=1": "unknown field"} {
		o, err := ParseForm([]byte(body))
		if err == nil {
			o.Read(&e, 2)
			err = o.Finish()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

// Fields under other names keep the client's in messages.
func TestRenamed(t *testing.T) {
	o, err := Parse([]byte(`{"max_tokens": "x", "top": 1}`))
	if err != nil {
		t.Fatal(err)
	}
	r := o.Renamed(map[string]string{"max_new_tokens": "max_tokens", "top_k": "top", "seed": "seed"})
	r.Integer("max_new_tokens", 0, 1, 5)
	r.Integer("top_k", 0, 1, 5)
	if err := r.Finish(); err == nil || err.Error() != `max_tokens is "x", want an integer` {
		t.Errorf("error %v", err)
	}
	if err := o.Finish(); err != nil {
		t.Errorf("the fields were asked for: %v", err)
	}
}

// Whatever a body holds, reading it ends with values or a problem.
func FuzzRead(f *testing.F) {
	for _, body := range []string{`{"text": "a", "count": 3}`,
		`{"inner": {"name": "a"}, "many": [{"name": "b"}], "texts": []}`,
		`{"raw": null, "rate": 1e999, "on": 1}`, `{"many": [[{}]]}`, "text=a&count=3&on=true", "a=%ff", `{"inner": {`,
		"\xff"} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, parse := range []func([]byte) (*Object, error){Parse, ParseForm} {
			o, err := parse([]byte(body))
			var e everything
			if err == nil {
				if len(body)%2 == 0 {
					o.Lenient()
				}
				o.Read(&e, 2)
				err = o.Finish()
			}
			if p := (*Problem)(nil); err != nil && (!errors.As(err, &p) || p.Status < 400 || p.Message == "") {
				t.Errorf("%q: %v is no problem", body, err)
			}
			if e.Count != nil && err == nil && (*e.Count < 1 || *e.Count > 9) || len(e.List) > 2 {
				t.Errorf("%q was read as %+v", body, e)
			}
		}
	})
}
