package serve

import (
	"fmt"
	"strings"
	"testing"

	"t5train/model/generate"
)

// What the fields of OpenAI do to the options of generation.
func TestOpenAIOptions(t *testing.T) {
	for body, want := range map[string]string{
		``:                                           "20 1 1 greedy",
		`, "max_tokens": 7, "temperature": 0`:        "7 1 1 greedy",
		`, "top_p": 1, "seed": 4`:                    "20 1 1 greedy",
		`, "temperature": 0.7, "seed": 4`:            "20 1 1 t=0.7 p=0 seed=4",
		`, "top_p": 0.5, "seed": 4`:                  "20 1 1 t=1 p=0.5 seed=4",
		`, "n": 3, "seed": -1`:                       "20 1 3 t=1 p=0 seed=9007199254740991",
		`, "num_beams": 3, "n": 2`:                   "20 3 2 greedy",
		`, "do_sample": true, "top_p": 1, "seed": 4`: "20 1 1 t=1 p=1 seed=4",
	} {
		f := &fake{}
		_, h := start(t, Options{Name: "first"}, f)
		status, answer := ask(t, h.URL+"/v1/completions", `{"model": "first", "prompt": "a"`+body+`}`)
		if status != 200 {
			t.Errorf("%s: %d %s", body, status, answer)
			continue
		}
		o := f.seen[0]
		got := fmt.Sprint(o.MaxTokens, " ", o.Beams, " ", max(1, o.NumReturnSequences), " greedy")
		if s := o.Sampling; s != nil {
			got = strings.Replace(got, "greedy", fmt.Sprintf("t=%g p=%g seed=%d", s.Temperature, s.TopP, s.Seed), 1)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

// What the parameters of text-generation-inference do to the options of generation.
func TestTGIOptions(t *testing.T) {
	for parameters, want := range map[string]string{
		``:                               "20 1 greedy",
		`"max_new_tokens": 7, "seed": 3`: "7 1 greedy",
		`"temperature": 1, "top_p": 1`:   "20 1 greedy",
		`"temperature": 0.7, "seed": 4`:  "20 1 t=0.7 k=0 p=0 seed=4",
		`"top_p": 0.5, "seed": 4`:        "20 1 t=1 k=0 p=0.5 seed=4",
		`"top_k": 3, "seed": 4, "do_sample": false`:  "20 1 t=1 k=3 p=0 seed=4",
		`"do_sample": true, "best_of": 3, "seed": 4`: "20 3 t=1 k=0 p=0 seed=4",
		`"num_beams": 3, "best_of": 2`:               "20 2 beams",
	} {
		f := &fake{}
		_, h := start(t, Options{}, f)
		status, answer := ask(t, h.URL+"/generate", `{"inputs": "a", "parameters": {`+parameters+`}}`)
		if status != 200 {
			t.Errorf("%s: %d %s", parameters, status, answer)
			continue
		}
		o := f.seen[0]
		kind := "greedy"
		if o.Beams > 1 {
			kind = "beams"
		}
		if s := o.Sampling; s != nil {
			kind = fmt.Sprintf("t=%g k=%d p=%g seed=%d", s.Temperature, s.TopK, s.TopP, s.Seed)
		}
		if got := fmt.Sprint(o.MaxTokens, " ", max(1, o.NumReturnSequences), " ", kind); got != want {
			t.Errorf("%s: %s, want %s", parameters, got, want)
		}
	}
	f := &fake{} // a checkpoint that samples
	_, h := start(t, Options{Generation: generate.Options{Sampling: &generate.Sampling{Temperature: 0.5}}}, f)
	for _, parameters := range []string{``, `"do_sample": false`, `"num_beams": 2`} {
		body := `{"inputs": "a", "parameters": {` + parameters + `}}`
		if status, answer := ask(t, h.URL+"/generate", body); status != 200 {
			t.Errorf("%s: %d %s", parameters, status, answer)
		}
	}
	if f.seen[0].Sampling == nil || f.seen[1].Sampling != nil || f.seen[2].Sampling != nil || f.seen[2].Beams != 2 {
		t.Errorf("the checkpoint samples: %+v", f.seen)
	}
}
