package strictjson

import (
	"encoding/json"
	"strings"
	"testing"
)

// readCounts reads {"name": count, ...}.
func readCounts(text string) (map[string]int, error) {
	r, err := NewReader([]byte(text))
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int)
	err = r.Object(func(key string) (err error) {
		counts[key], err = r.Int()
		return err
	})
	if err != nil {
		return nil, err
	}
	return counts, r.End()
}

func TestObject(t *testing.T) {
	counts, err := readCounts(`{"a": 0, "A": 9007199254740993, "": 7} `)
	if err != nil {
		t.Fatal(err)
	}
	// 2^53 + 1 is the first integer that a float64 loses.
	if counts["a"] != 0 || counts["A"] != 9007199254740993 || counts[""] != 7 {
		t.Errorf("got %v", counts)
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"duplicate key", `{"a": 1, "a": 1}`, `key "a" stands there twice`},
		{"duplicate key by escape", `{"a": 1, "\u0061": 1}`, "twice"},
		{"fraction", `{"a": 1.0}`, "got 1.0, want an integer"},
		{"exponent", `{"a": 1e3}`, "got 1e3"},
		{"negative", `{"a": -1}`, "got -1"},
		{"too large", `{"a": 9223372036854775808}`, "got 9223372036854775808"},
		{"string for a number", `{"a": "1"}`, "want an integer"},
		{"null for a number", `{"a": null}`, "want an integer"},
		{"array for an object", `[1]`, "want an object"},
		{"number for a key", `{1: 1}`, ""},
		{"missing comma", `{"a": 1 "b": 2}`, ""},
		{"missing colon", `{"a" 1}`, ""},
		{"truncated", `{"a": 1`, "ends too early"},
		{"empty", ``, "ends too early"},
		{"trailing text", `{} {}`, "after the end"},
		{"bad UTF-8", "{\"\xff\": 1}", "UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readCounts(c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got error %v, want one with %q", c.text, err, c.want)
			}
		})
	}
}

// FuzzReader holds the walk to encoding/json: what is accepted here is valid JSON there.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a": [1, 2], "b": {"c": "d"}}`, `{"a": null, "b": 1e9}`, `[`, `{"a":,}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := NewReader(text)
		if err != nil {
			return
		}
		if r.Object(func(string) error { return r.Skip() }) != nil || r.End() != nil {
			return
		}
		if !json.Valid(text) {
			t.Errorf("accepted %q, which is not JSON", text)
		}
	})
}
