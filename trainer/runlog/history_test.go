package runlog

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"time"
)

func TestParseHistory(t *testing.T) {
	const (
		train = `{"kind":"train","step":10,"epoch":0.5,"position":320,"loss":2.5,"learning_rate":0.001,"seconds":1.5,"time":"2026-01-02T03:04:05.678Z"}` + "\n"
		eval  = `{"kind":"eval","step":10,"epoch":0.5,"metrics":{"loss":2,"accuracy":0.5}}` + "\n"
	)
	for name, c := range map[string]struct {
		text                   string
		trains, evals, skipped int
	}{
		"nothing":        {"", 0, 0, 0},
		"whole":          {train + eval + train, 2, 1, 0},
		"cut off":        {train + eval[:20], 1, 0, 1},
		"no end of line": {train + eval[:len(eval)-1], 1, 1, 0},
		"another kind":   {`{"kind":"later","step":"x"}` + "\n" + train, 1, 0, 0},
		"an empty line":  {train + "\n" + eval, 1, 1, 0},
		"no object":      {"[1]\nnull\n7\n" + train, 1, 0, 2},
		"of another type": {`{"kind":"train","step":"ten"}` + "\n" + `{"kind":"eval","metrics":[1]}` + "\n",
			0, 0, 2},
		"too large a number": {`{"kind":"train","step":1,"loss":1e999}` + "\n", 0, 0, 1},
		"bytes of zero":      {train + "\x00\x00\x00\n" + eval, 1, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := ParseHistory([]byte(c.text))
			if len(h.Train) != c.trains || len(h.Eval) != c.evals || h.Skipped != c.skipped {
				t.Errorf("%d train and %d eval lines, %d skipped, want %d, %d, %d", len(h.Train), len(h.Eval),
					h.Skipped, c.trains,
					c.evals, c.skipped)
			}
		})
	}
	h := ParseHistory([]byte(train + eval))
	if got := h.Train[0]; got.Step != 10 || got.Loss != 2.5 || got.Position != 320 ||
		!got.Time.Equal(time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)) {
		t.Errorf("the step is %+v", got)
	}
	if got := h.Eval[0]; got.Metrics["accuracy"] != 0.5 || !got.Time.IsZero() {
		t.Errorf("the evaluation is %+v", got)
	}
}

// Whatever a file holds, reading it ends without a panic, and what is read can be written again.
func FuzzParseHistory(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "{", `{"kind":"train","step":1,"loss":0.5}` + "\n" +
			`{"kind":"eval","step":1,"metrics":{"f1":1}}` + "\n" +
			`{"kind":"tr`,
		`{"kind":"train","step":1e3}`, `{"kind":"eval","metrics":{"a":1e308}}`, `{"KIND":"eval","metrics":null}`,
		"\xff\x00",
		`{"kind":"train","time":"x"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		h := ParseHistory(text)
		if lines := bytes.Count(text, []byte("\n")) + 1; len(h.Train)+len(h.Eval)+h.Skipped > lines {
			t.Errorf("%d lines read of %d", len(h.Train)+len(h.Eval)+h.Skipped, lines)
		}
		for _, line := range h.Train {
			if math.IsInf(line.Loss, 0) || math.IsNaN(line.Loss) {
				t.Errorf("the loss is %g", line.Loss)
			}
		}
		if _, err := json.Marshal(h); err != nil {
			t.Error(err)
		}
	})
}
