package serve

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"t5train/data/task"
	"t5train/model/generate"
	"t5train/trainer/predict"
)

func TestAnswers(t *testing.T) {
	_, h := start(t, Options{Name: "first"})
	for name, c := range map[string]struct{ path, body, want string }{
		"generate": {
			"/v1/generate", `{"inputs": ["a", "b<"]}`,
			`{"results":[{"outputs":[{"text":"re: a","log_prob":-1.5,"score":-0.5,"tokens":20,"truncated":false}],"truncated_input":false},{"outputs":[{"text":"re: b<","log_prob":-1.5,"score":-0.5,"tokens":20,"truncated":false}],"truncated_input":false}]}`,
		},
		"generate beams": {
			"/v1/generate", `{"inputs": ["a"], "num_beams": 2, "num_return_sequences": 2, "max_new_tokens": 3}`,
			`{"results":[{"outputs":[{"text":"re: a","log_prob":-1.5,"score":-0.5,"tokens":3,"truncated":false},{"text":"re: re: a","log_prob":-1.5,"score":-0.5,"tokens":3,"truncated":true}],"truncated_input":false}]}`,
		},
		"generate, input cut": {
			"/v1/generate", `{"inputs": ["` + strings.Repeat("x", testInput) + `"], "truncate": true}`,
			`{"results":[{"outputs":[{"text":"re: ` + strings.Repeat("x", testInput) +
				`","log_prob":-1.5,"score":-0.5,"tokens":20,"truncated":false}],"truncated_input":true}]}`,
		},
		"classify": {
			"/v1/classify", `{"inputs": ["win", "see you"]}`,
			`{"results":[{"label":"spam","probability":0.75,"labels":[{"label":"ham","probability":0.25},{"label":"spam","probability":0.75}],"truncated_input":false},{"label":"ham","probability":0.75,"labels":[{"label":"ham","probability":0.75},{"label":"spam","probability":0.25}],"truncated_input":false}]}`,
		},
		"score": {
			"/v1/score", `{"inputs": ["a", "bc"], "targets": ["x", "yyy"]}`,
			`{"results":[{"scores":[{"log_prob":-2,"tokens":2},{"log_prob":-4,"tokens":4}],"truncated_input":false},{"scores":[{"log_prob":-3,"tokens":2},{"log_prob":-5,"tokens":4}],"truncated_input":false}]}`,
		},
		"tokenize texts": {
			"/v1/tokenize", `{"texts": ["ab", ""]}`,
			`{"results":[{"ids":[100,101,1],"tokens":["<0x61>","<0x62>","</s>"],"text":"ab"},{"ids":[1],"tokens":["</s>"],"text":""}]}`,
		},
		"tokenize texts without EOS": {
			"/v1/tokenize", `{"texts": ["ab"], "add_eos": false}`,
			`{"results":[{"ids":[100,101],"tokens":["<0x61>","<0x62>"],"text":"ab"}]}`,
		},
		"tokenize ids": {
			"/v1/tokenize", `{"ids": [[100, 101, 1], []]}`,
			`{"results":[{"ids":[100,101,1],"tokens":["<0x61>","<0x62>","</s>"],"text":"ab</s>"},{"ids":[],"tokens":[],"text":""}]}`,
		},
		"tokenize ids without special tokens": {
			"/v1/tokenize", `{"ids": [[100, 101, 1]], "skip_special": true}`,
			`{"results":[{"ids":[100,101,1],"tokens":["<0x61>","<0x62>","</s>"],"text":"ab"}]}`,
		},
		"model": {
			"/v1/model", "",
			`{"name":"first","task":"seq2seq","prefix":"","text_columns":["text"],"labels":[{"label":"ham","text":"ham"},{"label":"spam","text":"junk mail"}],"parameters":7,"dtype":"float32","vocab_size":385,"limits":{"body_bytes":1048576,"inputs":128,"input_tokens":40,"max_new_tokens":40,"default_max_new_tokens":20,"num_beams":16,"queue_inputs":1024,"seconds":60}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var status int
			var got string
			if c.body == "" {
				r, err := http.Get(h.URL + c.path)
				if err != nil {
					t.Fatal(err)
				}
				status, got = read(t, r)
			} else {
				status, got = ask(t, h.URL+c.path, c.body)
			}
			if got = strings.TrimSuffix(got, "\n"); status != 200 || got != c.want {
				t.Errorf("answered %d\n%s\nwant\n%s", status, got, c.want)
			}
		})
	}
}

// A task with several text columns wants an object for each input, and puts it together by its rule.
func TestInputOfColumns(t *testing.T) {
	p := testProfile()
	p.task = task.Spec{Name: task.Classification, Prefix: new("mrpc"), TextColumns: []string{"one", "two"},
		LabelColumn: "label", Labels: testLabels}
	f := &fake{calls: make(chan []string, 1)}
	_, h := startProfile(t, p, Options{}, f)
	if status, answer := ask(t, h.URL+"/v1/classify", `{"inputs": [{"two": "b", "one": "a"}]}`); status != 200 {
		t.Fatal(status, answer)
	}
	if got := <-f.calls; !reflect.DeepEqual(got, []string{"mrpc one: a two: b"}) {
		t.Errorf("the model got %q", got)
	}
	for body, want := range map[string]string{
		`{"inputs": ["a"]}`:                                  `inputs[0] is "a", want an object with the texts "one", "two"`,
		`{"inputs": [{"one": "a"}]}`:                         `inputs[0]: the field "two" is missing`,
		`{"inputs": [{"ones": "a", "two": "b"}]}`:            `inputs[0]: unknown field "ones": did you mean "one"?`,
		`{"inputs": [{"text": "a", "two": "b"}]}`:            `unknown field "text": want only "one", "two"; the field "one" is missing`,
		`{"inputs": [{"one": "a", "one": "b"}]}`:             `inputs[0]: the field "one" is given twice`,
		`{"inputs": [{"one": "a", "two": 1}]}`:               "two is 1, want a text",
		`{"inputs": [{"one": "a", "two": "", "three": ""}]}`: `unknown field "three"`,
	} {
		status, answer := ask(t, h.URL+"/v1/classify", body)
		if _, message := code(t, answer); status != 400 || !strings.Contains(message, want) {
			t.Errorf("%s: %d %s, want 400 and %s", body, status, message, want)
		}
	}
}

// A column may hold lists of texts: the tokens of a sentence, as predict reads them from JSON lines.
func TestInputOfLists(t *testing.T) {
	p := testProfile()
	p.task = task.Spec{Name: task.NER, TextColumns: []string{"tokens"}, LabelColumn: "tags", Entities: testLabels}
	f := &fake{calls: make(chan []string, 1)}
	_, h := startProfile(t, p, Options{}, f)
	if status, answer := ask(t, h.URL+"/v1/generate",
		`{"inputs": [["Ann", "met", "Bob"], "Ann met Al"]}`); status != 200 {
		t.Fatal(status, answer)
	}
	if got := <-f.calls; !reflect.DeepEqual(got, []string{"Ann met Bob", "Ann met Al"}) {
		t.Errorf("the model got %q", got)
	}
	for _, body := range []string{`{"inputs": [["a", 1]]}`, `{"inputs": [[["a"]]]}`,
		`{"inputs": [{"tokens": ["a"]}]}`} {
		status, answer := ask(t, h.URL+"/v1/generate", body)
		if _, message := code(t, answer); status != 400 || !strings.Contains(message, "inputs[0] is ") ||
			!strings.Contains(message, "want a text in quotes, or a list of them") {
			t.Errorf("%s: %d %s", body, status, message)
		}
	}
}

// Every option reaches the model under its own name.
func TestGenerateOptions(t *testing.T) {
	penalty := 0.6
	byT5 := testProfile().tokenizer
	words, err := predict.BadWords(byT5)([]string{"no", `"never"`})
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]generate.Options{
		``: {MaxTokens: testOutput, Beams: 1, NumReturnSequences: 1},
		`, "max_new_tokens": 9, "min_new_tokens": 2, "num_beams": 4, "num_return_sequences": 3, "length_penalty": 0.6, "early_stopping": true`: {
			MaxTokens: 9, MinTokens: 2, Beams: 4, NumReturnSequences: 3, LengthPenalty: &penalty,
			EarlyStopping: generate.Early},
		`, "num_beams": 2, "early_stopping": "never", "no_repeat_ngram_size": 3, "repetition_penalty": 1.2`: {
			MaxTokens: testOutput, Beams: 2, NumReturnSequences: 1, EarlyStopping: generate.Never, NoRepeatNgram: 3,
			RepetitionPenalty: 1.2},
		`, "do_sample": true, "temperature": 0.5, "top_k": 7, "top_p": 0.9, "min_p": 0.1, "typical_p": 0.8, "epsilon_cutoff": 3e-4, "eta_cutoff": 0.002, "seed": 5`: {
			MaxTokens: testOutput, Beams: 1, NumReturnSequences: 1, Sampling: &generate.Sampling{
				Temperature: 0.5, TopK: 7, TopP: 0.9, MinP: 0.1, TypicalP: 0.8, Epsilon: 3e-4, Eta: 0.002, Seed: 5,
				Indices: []int{0}}},
		`, "bad_words": ["no", "\"never\""], "prefix": "so"`: {
			MaxTokens: testOutput, Beams: 1, NumReturnSequences: 1, Prefix: byT5.Encode("so"), BadWords: words},
		`, "choices": ["yes", "no"]`: {
			MaxTokens: 4, Beams: 2, NumReturnSequences: 1, LengthPenalty: new(0.0),
			Allowed: generate.NewTrie([][]int32{append(byT5.Encode("yes"), 1), append(byT5.Encode("no"), 1)})},
	} {
		f := &fake{}
		_, h := start(t, Options{}, f)
		if status, answer := ask(t, h.URL+"/v1/generate", `{"inputs": ["a"]`+body+`}`); status != 200 {
			t.Errorf("%s: %d %s", body, status, answer)
			continue
		}
		got := f.seen[0]
		if len(got.BadWords) == 0 {
			got.BadWords = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v, want\n%+v", body, got, want)
		}
	}
}

// What a request does not say is as the checkpoint has it; beams and sampling replace each other.
func TestGenerationOfTheCheckpoint(t *testing.T) {
	beams := generate.Options{Beams: 4, MinTokens: 2, NoRepeatNgram: 3, EarlyStopping: generate.Early,
		RepetitionPenalty: 1.5, BadWords: [][]int32{{7}}}
	sampling := generate.Options{Sampling: &generate.Sampling{Temperature: 0.5, TopK: 9}}
	for name, c := range map[string]struct {
		base generate.Options
		body string
		want func(o generate.Options) bool
	}{
		"beams": {beams, ``, func(o generate.Options) bool {
			return o.Beams == 4 && o.MinTokens == 2 && o.NoRepeatNgram == 3 && o.EarlyStopping == generate.Early &&
				o.RepetitionPenalty == 1.5 && len(o.BadWords) == 1
		}},
		"other beams": {beams, `, "num_beams": 1, "min_new_tokens": 0`,
			func(o generate.Options) bool { return o.Beams == 1 && o.MinTokens == 0 }},
		"samples of beams": {beams, `, "do_sample": true`,
			func(o generate.Options) bool { return o.Beams == 1 && o.Sampling.Temperature == 1 }},
		"more bad words": {beams, `, "bad_words": ["a"]`, func(o generate.Options) bool { return len(o.BadWords) > 1 }},
		"early stopping": {beams, `, "early_stopping": false`,
			func(o generate.Options) bool { return o.EarlyStopping == generate.Heuristic }},
		"sampling": {sampling, ``,
			func(o generate.Options) bool { return o.Sampling.Temperature == 0.5 && o.Sampling.TopK == 9 }},
		"another temperature": {sampling, `, "temperature": 2`,
			func(o generate.Options) bool { return o.Sampling.Temperature == 2 && o.Sampling.TopK == 9 }},
		"no sampling": {sampling, `, "do_sample": false`, func(o generate.Options) bool { return o.Sampling == nil }},
		"beams of samples": {sampling, `, "num_beams": 2`,
			func(o generate.Options) bool { return o.Sampling == nil && o.Beams == 2 }},
	} {
		f := &fake{}
		_, h := start(t, Options{Generation: c.base}, f)
		if status, answer := ask(t, h.URL+"/v1/generate", `{"inputs": ["a"]`+c.body+`}`); status != 200 {
			t.Errorf("%s: %d %s", name, status, answer)
		} else if !c.want(f.seen[0]) {
			t.Errorf("%s: %+v", name, f.seen[0])
		}
	}
	if sampling.Sampling.Temperature != 0.5 || len(beams.BadWords) != 1 {
		t.Error("a request changes the options of the server")
	}
}

// Requests that sample without a seed draw from different numbers; one with a seed repeats itself whatever came before.
func TestSamplingIndices(t *testing.T) {
	f := &fake{}
	_, h := start(t, Options{}, f)
	for _, body := range []string{
		`{"inputs": ["a", "b"], "do_sample": true}`, `{"inputs": ["a"], "do_sample": true}`,
		`{"inputs": ["a", "b"], "do_sample": true, "seed": 5}`,
	} {
		if status, answer := ask(t, h.URL+"/v1/generate", body); status != 200 {
			t.Fatal(status, answer)
		}
	}
	var got [][]int
	for _, o := range f.seen {
		got = append(got, o.Sampling.Indices)
	}
	if want := [][]int{{0, 1}, {2}, {0, 1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("indices %v, want %v", got, want)
	}
	if f.seen[0].Sampling.Seed != f.seen[1].Sampling.Seed || f.seen[2].Sampling.Seed != 5 {
		t.Errorf("seeds %d, %d and %d, want twice the server's, and 5", f.seen[0].Sampling.Seed,
			f.seen[1].Sampling.Seed,
			f.seen[2].Sampling.Seed)
	}
}

func TestPlainEndpoints(t *testing.T) {
	s, h := start(t, Options{})
	get := func(path string) (int, string) {
		r, err := http.Get(h.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		return read(t, r)
	}
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n", "/": "<!doctype html>",
		"/page.js": "", "/page.css": ""} {
		if status, got := get(path); status != 200 || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %d %.40q, want 200 and %q", path, status, got, want)
		}
	}
	s.Stop()
	if status, answer := get("/readyz"); status != 503 {
		t.Errorf("a stopped server says %d %s at /readyz, want 503", status, answer)
	}
	if status, _ := get("/healthz"); status != 200 {
		t.Errorf("a stopped server says %d at /healthz, want 200", status)
	}
	if status, answer := ask(t, h.URL+"/v1/classify", `{"inputs": ["a"]}`); status != 503 {
		t.Errorf("a stopped server says %d %s to a request, want 503", status, answer)
	}
}

// A server is a handler for a part of another one.
func TestMounted(t *testing.T) {
	s, _ := start(t, Options{})
	h := httptest.NewServer(http.StripPrefix("/t5", s))
	defer h.Close()
	if status, answer := ask(t, h.URL+"/t5/v1/classify", `{"inputs": ["win"]}`); status != 200 {
		t.Errorf("answered %d %s", status, answer)
	}
	r, err := http.Head(h.URL + "/t5/")
	if err != nil {
		t.Fatal(err)
	}
	if status, answer := read(t, r); status != 200 || answer != "" || r.ContentLength < 100 {
		t.Errorf("HEAD: %d with %d bytes, of which %d come", status, r.ContentLength, len(answer))
	}
}
